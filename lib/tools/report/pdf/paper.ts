import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { withFallbacks } from "../../render/fallback-text.js";
import { fontFile } from "../../render/font.js";
import type { Formula } from "../../render/formula.js";
import {
  newPdf,
  type PdfDocument,
  type PdfOutline,
  type PdfStructure,
  pdfFonts,
  registered,
  type StructureOptions,
  type SvgToPdf,
} from "../../render/pdf-document.js";
import { visualRuns } from "../../render/visual-order.js";

/** A formula as a box: sizes in points, `depth` below the base line. */
export interface MathBox {
  readonly tex: string;
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

export const fonts = { ...pdfFonts, mono: "Source Code Pro" } as const;

const monoFile = () => {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("@expo-google-fonts/source-code-pro/package.json"));
  return join(folder, "400Regular/SourceCodePro_400Regular.ttf");
};

const files: Readonly<Record<string, () => string>> = {
  [fonts.regular]: () => fontFile(400),
  [fonts.bold]: () => fontFile(600),
  [fonts.italic]: () => fontFile(400, true),
  [fonts.mono]: monoFile,
};

export const colors = {
  text: "#1f2328",
  muted: "#59636e",
  line: "#d1d9e0",
  soft: "#f6f8fa",
  link: "#0757a8",
} as const;

/** What a document says of itself. */
export interface About {
  readonly title: string;
  /** Empty for none. */
  readonly author: string;
  readonly lang: string;
}

/** A thing that goes to the top of a later page where it does not fit, while the text goes on before it. */
export interface Float {
  readonly height: number;
  /** What it can be drawn in when there is no more room. Default: its height. */
  readonly least?: number;
  /** On pages of its own that are wider than high. Default false. */
  readonly isTurned?: boolean;
  /** @param height at most that it may take */
  draw(height: number): void;
}

const top = 57;

/** One A4 document that is filled from top to bottom; lengths are points. */
export class Paper {
  readonly doc: PdfDocument;
  readonly #svgToPdf: SvgToPdf;
  readonly #formula: Formula;

  readonly left = 57;
  /** Where the next thing goes. */
  y = top;
  #isTurned = false;
  #floats: Float[] = [];

  readonly #root: PdfStructure;
  #element: PdfStructure;
  #type = "Document";
  /** The element whose content on the page is open. */
  #marked: PdfStructure | undefined;
  /** Widths of words at a size of one point. */
  readonly #widths = new Map<string, number>();
  /** Letters outside of ASCII that stand in the text. */
  readonly letters = new Set<string>();
  /** The last heading of each level. */
  readonly #headings: (PdfOutline | undefined)[] = [];

  private constructor(doc: PdfDocument, svgToPdf: SvgToPdf, formula: Formula) {
    this.doc = doc;
    this.#svgToPdf = svgToPdf;
    this.#formula = formula;
    this.#root = doc.struct("Document");
    this.#element = this.#root;
    doc.addStructure(this.#root);
  }

  static async open({ title, author, lang }: About, formula: Formula): Promise<Paper> {
    const about: Record<string, string> = author === "" ? {} : { Author: author };
    const { doc, svgToPdf } = await newPdf({ size: "A4", margin: 0, title, about, lang, tagged: true });
    doc.registerFont(fonts.mono, readFileSync(monoFile()));
    return new Paper(doc, svgToPdf, formula);
  }

  /** Width of the text. */
  get width(): number {
    return this.doc.page.width - 2 * this.left;
  }

  /** The width of the text on a page that is wider than high, or not. */
  widthOn(isTurned: boolean): number {
    return (isTurned ? 841.89 : 595.28) - 2 * this.left;
  }

  get #bottom(): number {
    return this.doc.page.height - 62;
  }

  /** Height that is left on the page. */
  get room(): number {
    return this.#bottom - this.y;
  }

  get pageHeight(): number {
    return this.#bottom - top;
  }

  /** Goes to a new page unless `height` fits; a thing that is taller than a page starts where it is. */
  need(height: number): void {
    while (height > this.room && this.y > top) this.#nextPage();
  }

  /** Draws it here where it fits, after those that wait, else at the top of a page to come. */
  float(float: Float): void {
    this.#floats.push(float);
    if (this.#floats.length === 1 && this.#fits(float)) this.#drop();
  }

  /** Draws everything that waits for a page. */
  land(): void {
    while (this.#floats.length > 0) {
      if (this.#fits(this.#floats[0])) this.#drop();
      else this.#nextPage();
    }
  }

  /** Draws what waits before a new section begins, where that costs less than a fifth of a page. */
  landBeforeSection(): void {
    if (this.#floats.length > 0 && this.room < this.pageHeight * 0.2) this.land();
  }

  #fits({ isTurned, height, least = height }: Float): boolean {
    return isTurned !== true && (least <= this.room || this.y === top);
  }

  #nextPage(): void {
    if (this.#isTurned) {
      this.#addPage();
      return;
    }
    while (this.#floats[0]?.isTurned === true) {
      this.#isTurned = true;
      this.#addPage();
      this.#drop();
      while (this.#floats[0]?.isTurned === true && this.#floats[0].height <= this.room) this.#drop();
      this.#isTurned = false;
    }
    this.#addPage();
    while (this.#floats.length > 0 && this.#fits(this.#floats[0])) this.#drop();
  }

  /** Draws the first thing that waits, outside of what is being written. */
  #drop(): void {
    const float = this.#floats.shift();
    const [element, type] = [this.#element, this.#type];
    [this.#element, this.#type] = [this.#root, "Document"];
    float?.draw(this.room);
    [this.#element, this.#type] = [element, type];
  }

  #addPage(): void {
    this.#close();
    this.doc.addPage({ size: "A4", margin: 0, layout: this.#isTurned ? "landscape" : "portrait" });
    this.y = top;
  }

  gap(height: number): void {
    if (this.y > top) this.y += height;
  }

  /** What is drawn in `draw` is one element of the document's structure, which screen readers read. */
  tag(type: string, draw: () => void, options: StructureOptions = {}): void {
    const element = this.doc.struct(type, options);
    this.#element.add(element);
    const [outer, outerType] = [this.#element, this.#type];
    [this.#element, this.#type] = [element, type];
    draw();
    if (this.#marked === element) this.#close();
    [this.#element, this.#type] = [outer, outerType];
    element.end();
  }

  /** What is drawn in `draw` is there for the eye only. */
  artifact(draw: () => void): void {
    this.#close();
    this.doc.markContent("Artifact");
    draw();
    this.doc.endMarkedContent();
  }

  /** Says before something is drawn which element it belongs to. */
  #mark(): void {
    if (this.#marked === this.#element || this.#element === this.#root) return;
    this.#close();
    this.#element.add(this.doc.markStructureContent(this.#type));
    this.#marked = this.#element;
  }

  #close(): void {
    if (this.#marked !== undefined) this.doc.endMarkedContent();
    this.#marked = undefined;
  }

  /** Ends the structure: everything is written. */
  end(): void {
    this.#close();
    this.#root.end();
  }

  /** An entry of the outline that leads here, below the last one of a higher level. */
  heading(level: number, title: string): void {
    const { doc, y } = this;
    const parent = this.#headings.slice(0, level).findLast((item) => item !== undefined) ?? doc.outline;
    const place = { fit: false, top: Math.max(0, y - 8), left: doc.page.width, zoom: 0 };
    this.#headings.length = level;
    this.#headings[level] = parent.addItem(title, { ...place, expanded: true });
  }

  /** One line of text, its base line at `y`. */
  text(
    text: string,
    x: number,
    y: number,
    style: { font: string; size: number; color?: string; link?: string },
  ): void {
    this.#mark();
    for (const letter of text.match(/[^ -~]/gu) ?? []) this.letters.add(letter);
    const { doc } = this;
    doc.fontSize(style.size).fillColor(style.color ?? colors.text);
    let at = x;
    for (const run of visualRuns(text, files[style.font]())) {
      doc.font(run.fallback === undefined ? style.font : registered(doc, run.fallback));
      doc.text(run.text, at, y, { lineBreak: false, baseline: "alphabetic", link: style.link });
      at += doc.widthOfString(run.text);
    }
  }

  widthOf(text: string, font: string, size: number): number {
    const key = `${font}\n${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      const { doc } = this;
      doc.fontSize(1);
      width = 0;
      for (const run of visualRuns(text, files[font]())) {
        doc.font(run.fallback === undefined ? font : registered(doc, run.fallback));
        width += doc.widthOfString(run.text);
      }
      if (this.#widths.size < 20_000) this.#widths.set(key, width);
    }
    return width * size;
  }

  /** A horizontal line, for the eye only. */
  rule(x: number, y: number, width: number, weight: number, color: string): void {
    this.artifact(() => {
      this.doc
        .lineWidth(weight)
        .strokeColor(color)
        .moveTo(x, y)
        .lineTo(x + width, y)
        .stroke();
    });
  }

  /** A filled box, for the eye only. */
  bar(x: number, y: number, width: number, height: number, color: string): void {
    this.artifact(() => this.doc.rect(x, y, width, height).fill(color));
  }

  /** Draws an SVG with its left top corner at (x, y). */
  svg(svg: string, x: number, y: number, width: number, height: number): void {
    this.#mark();
    this.#svgToPdf(this.doc, svg, x, y, { width, height, preserveAspectRatio: "xMinYMin meet" });
  }

  /** Draws a picture, by its data URI. */
  image(uri: string, x: number, y: number, width: number): void {
    this.#mark();
    this.doc.image(uri, x, y, { width });
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
      tex: tex.trim(),
      svg: withFallbacks(svg)
        .replace(/ (?:width|height)="[\d.]+ex"/g, "")
        .replace(/ style="vertical-align[^"]*"/, "")
        .replace(/currentColor/g, colors.text),
      width: read(/ width="([\d.]+)ex"/),
      height: read(/ height="([\d.]+)ex"/),
      depth: -read(/vertical-align: (-?[\d.]+)ex/),
    };
  }
}
