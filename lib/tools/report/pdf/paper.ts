import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Formula } from "../../render/formula.js";
import { newPdf, type PdfDocument, pdfFonts, type SvgToPdf } from "../../render/pdf-document.js";

/** A formula as a box: sizes in points, `depth` below the base line. */
export interface MathBox {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

export const fonts = { ...pdfFonts, mono: "Source Code Pro" } as const;

export const colors = {
  text: "#1f2328",
  muted: "#59636e",
  line: "#d1d9e0",
  soft: "#f6f8fa",
  link: "#0757a8",
} as const;

/** One A4 document that is filled from top to bottom; lengths are points. */
export class Paper {
  readonly doc: PdfDocument;
  readonly #svgToPdf: SvgToPdf;
  readonly #formula: Formula;

  readonly left = 57;
  readonly width = 595.28 - 2 * 57;
  readonly #bottom = 841.89 - 62;
  /** Where the next thing goes. */
  y = 57;

  private constructor(doc: PdfDocument, svgToPdf: SvgToPdf, formula: Formula) {
    this.doc = doc;
    this.#svgToPdf = svgToPdf;
    this.#formula = formula;
  }

  static async open(title: string, formula: Formula): Promise<Paper> {
    const { doc, svgToPdf } = await newPdf({ size: "A4", margin: 0, title });
    const require = createRequire(import.meta.url);
    const folder = dirname(require.resolve("@expo-google-fonts/source-code-pro/package.json"));
    doc.registerFont(fonts.mono, readFileSync(join(folder, "400Regular/SourceCodePro_400Regular.ttf")));
    return new Paper(doc, svgToPdf, formula);
  }

  /** Height that is left on the page. */
  get room(): number {
    return this.#bottom - this.y;
  }

  get pageHeight(): number {
    return this.#bottom - 57;
  }

  /** Goes to a new page unless `height` fits; a thing that is taller than a page starts where it is. */
  need(height: number): void {
    if (height > this.room && this.y > 57) {
      this.doc.addPage();
      this.y = 57;
    }
  }

  gap(height: number): void {
    if (this.y > 57) this.y += height;
  }

  /** One line of text, its base line at `y`. */
  text(
    text: string,
    x: number,
    y: number,
    style: { font: string; size: number; color?: string; link?: string },
  ): void {
    this.doc
      .font(style.font)
      .fontSize(style.size)
      .fillColor(style.color ?? colors.text)
      .text(text, x, y, {
        lineBreak: false,
        baseline: "alphabetic",
        link: style.link,
      });
  }

  widthOf(text: string, font: string, size: number): number {
    return this.doc.font(font).fontSize(size).widthOfString(text);
  }

  /** Draws an SVG with its left top corner at (x, y). */
  svg(svg: string, x: number, y: number, width: number, height: number): void {
    this.#svgToPdf(this.doc, svg, x, y, { width, height, preserveAspectRatio: "xMinYMin meet" });
  }

  /** A formula for a text of the given size; null when TeX cannot read it. */
  math(tex: string, display: boolean, size: number): MathBox | null {
    let svg: string;
    try {
      svg = this.#formula(tex.trim(), display).svg;
    } catch {
      return null;
    }
    // MathJax measures in ex of its own font: 0.431 em; a little more suits the x-height of the text's font.
    const ex = size * 0.45;
    const read = (pattern: RegExp) => Number(pattern.exec(svg)?.[1] ?? 0) * ex;
    return {
      svg: svg
        .replace(/ (?:width|height)="[\d.]+ex"/g, "")
        .replace(/ style="vertical-align[^"]*"/, "")
        .replace(/currentColor/g, colors.text),
      width: read(/ width="([\d.]+)ex"/),
      height: read(/ height="([\d.]+)ex"/),
      depth: -read(/vertical-align: (-?[\d.]+)ex/),
    };
  }
}
