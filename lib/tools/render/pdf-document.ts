import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type FallbackFont, fallbackFonts } from "./fallback-fonts.js";
import { fontFamily, fontFile } from "./font.js";

/** The calls of pdfkit that are used here; units are points (1/72 inch), y grows downwards. */
export interface PdfDocument {
  readonly info: Record<string, unknown>;
  readonly page: { readonly width: number; readonly height: number };
  x: number;
  y: number;
  registerFont(name: string, data: Uint8Array): this;
  font(name: string): this;
  fontSize(size: number): this;
  fillColor(color: string): this;
  strokeColor(color: string): this;
  lineWidth(width: number): this;
  moveTo(x: number, y: number): this;
  lineTo(x: number, y: number): this;
  rect(x: number, y: number, width: number, height: number): this;
  fill(color?: string): this;
  stroke(): this;
  text(text: string, x: number, y: number, options?: Readonly<Record<string, unknown>>): this;
  widthOfString(text: string): number;
  image(data: string, x: number, y: number, options: { readonly width: number }): this;
  openImage(source: string): { embed(doc: PdfDocument): void; readonly image?: unknown };
  readonly outline: PdfOutline;
  struct(type: string, options?: StructureOptions): PdfStructure;
  addStructure(element: PdfStructure): this;
  markStructureContent(type: string): StructureContent;
  markContent(type: "Artifact"): this;
  endMarkedContent(): this;
  bufferedPageRange(): { readonly start: number; readonly count: number };
  switchToPage(page: number): unknown;
  addPage(options: Readonly<Record<string, unknown>>): this;
  on(event: "data", listener: (chunk: Uint8Array) => void): this;
  on(event: "end", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  end(): void;
}

export interface PdfOutline {
  addItem(title: string, options: Readonly<Record<string, number | boolean>>): PdfOutline;
}

/** What an element of the document's structure says beside its kind. */
export interface StructureOptions {
  /** What it shows, in words. */
  readonly alt?: string;
  /** Left, top, right and bottom on its page. */
  readonly bbox?: readonly [number, number, number, number];
  /** Of a table's head: which cells it is the head of. */
  readonly scope?: "Column";
}

/** Marked content on a page. */
export interface StructureContent {
  readonly refs: readonly object[];
}

/** An element of the structure that screen readers read: `P`, `H1`, `Table`, … */
export interface PdfStructure {
  add(child: PdfStructure | StructureContent): this;
  end(): void;
}

interface PdfKit {
  new (options: Readonly<Record<string, unknown>>): PdfDocument;
}

export type SvgToPdf = (
  doc: PdfDocument,
  svg: string,
  x: number,
  y: number,
  options: Readonly<Record<string, unknown>>,
) => void;

/** Names under which the shipped font's styles are registered in each document. */
export const pdfFonts = {
  regular: fontFamily,
  bold: `${fontFamily} Semibold`,
  italic: `${fontFamily} Italic`,
} as const;

/**
 * A new PDF with the shipped fonts, without a date and with an id of its own contents' making, so that the same
 * contents give the same bytes. pdfkit's build for browsers compresses in plain JavaScript; its build for Node takes
 * Node's zlib, whose bytes differ between versions and processors.
 */
export async function newPdf(options: {
  readonly size: readonly [number, number] | "A4";
  readonly margin: number;
  readonly title: string;
  readonly about?: Readonly<Record<string, string>>;
  /** BCP 47. Default `"en"`. */
  readonly lang?: string;
  /** Whether the document has a structure, for screen readers. Default false. */
  readonly tagged?: boolean;
}): Promise<{ doc: PdfDocument; svgToPdf: SvgToPdf }> {
  const require = createRequire(import.meta.url);
  const PDFDocument: PdfKit = require(join(dirname(require.resolve("pdfkit")), "pdfkit.browser.js"));
  const draw: SvgToPdf = require("svg-to-pdfkit");
  const doc = new PDFDocument({
    size: options.size,
    margin: options.margin,
    bufferPages: true,
    lang: options.lang ?? "en",
    tagged: options.tagged ?? false,
    displayTitle: true,
    pdfVersion: "1.7",
    info: {
      Title: options.title,
      Creator: "gradbook",
      Producer: "gradbook",
      CreationDate: new Date(0),
      ...options.about,
    },
    font: null,
  });
  for (const [style, name] of Object.entries(pdfFonts)) {
    doc.registerFont(name, readFileSync(fontFile(style === "bold" ? 600 : 400, style === "italic")));
  }
  doc.font(pdfFonts.regular);
  return {
    doc,
    svgToPdf(target, svg, x, y, more) {
      draw(target, svg, x, y, {
        assumePt: false,
        fontCallback: (family: string, bold: boolean, italic: boolean) => {
          const name = family.replace(/["']|,.*/g, "");
          const fallback = fallbackFonts().find((font) => font.family === name);
          if (fallback !== undefined) return registered(target, fallback);
          return bold ? pdfFonts.bold : italic ? pdfFonts.italic : pdfFonts.regular;
        },
        ...more,
      });
    },
  };
}

const known = new WeakMap<PdfDocument, Set<string>>();

/** The name of a fallback font in a document, which gets it when it is first used. */
export function registered(doc: PdfDocument, { family, file }: FallbackFont): string {
  const names = known.get(doc) ?? new Set<string>(Object.values(pdfFonts));
  known.set(doc, names);
  if (!names.has(family)) doc.registerFont(family, readFileSync(file));
  names.add(family);
  return family;
}

/**
 * Puts the pictures of an SVG into the document, one after the other. Pictures with transparency are taken apart
 * asynchronously; all at once their order in the file would be that in which they happen to be ready.
 */
export async function embedImages(doc: PdfDocument, svg: string): Promise<void> {
  const sources = new Set([...svg.matchAll(/xlink:href="(data:image\/png;base64,[^"]+)"/g)].map((m) => m[1]));
  for (const source of sources) {
    const image = doc.openImage(source);
    image.embed(doc);
    while (image.image !== null) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Ends the document and gives its bytes. */
export function pdfBytes(doc: PdfDocument): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    doc.on("data", (chunk) => chunks.push(chunk));
    doc.on("end", () => resolve(Buffer.concat(chunks)));
    doc.on("error", reject);
    doc.end();
  });
}
