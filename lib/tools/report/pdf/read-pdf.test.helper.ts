/** A PDF as an independent reader (pdf.js) sees it. */
export interface ReadPdf {
  readonly pages: readonly ReadPage[];
  readonly info: Readonly<Record<string, unknown>>;
  readonly outline: readonly OutlineItem[];
}

export interface OutlineItem {
  readonly title: string;
  readonly items: readonly OutlineItem[];
}

export interface ReadPage {
  readonly width: number;
  readonly height: number;
  /** Outside of figures and formulas, whose own marks may lie on each other. */
  readonly texts: readonly TextBox[];
  /** Of everything that is shown, in figures too. */
  readonly glyphs: readonly { readonly code: number; readonly unicode: string }[];
  readonly structure: Structure | null;
}

export interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

export interface Structure {
  readonly role?: string;
  readonly alt?: string;
  readonly children?: readonly Structure[];
}

type Item =
  | { readonly type: "beginMarkedContent" | "beginMarkedContentProps"; readonly tag: string }
  | { readonly type: "endMarkedContent" }
  | { readonly type?: undefined; readonly str: string; readonly transform: number[]; readonly width: number };

interface PdfJs {
  readonly OPS: { readonly showText: number };
  getDocument(options: object): { readonly promise: Promise<PdfJsDocument>; destroy(): Promise<void> };
}

interface PdfJsDocument {
  readonly numPages: number;
  getMetadata(): Promise<{ readonly info: Readonly<Record<string, unknown>> }>;
  getOutline(): Promise<readonly OutlineItem[] | null>;
  getPage(number: number): Promise<{
    getViewport(options: object): { readonly width: number; readonly height: number };
    getTextContent(options: object): Promise<{ readonly items: readonly Item[] }>;
    getOperatorList(): Promise<{
      readonly fnArray: readonly number[];
      readonly argsArray: readonly unknown[][];
    }>;
    getStructTree(): Promise<Structure | null>;
  }>;
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const name = "pdfjs-dist/legacy/build/pdf.mjs";
  const pdfjs: PdfJs = await import(name);
  const task = pdfjs.getDocument({ data: Uint8Array.from(bytes), verbosity: 0, useSystemFonts: false });
  const document = await task.promise;
  const pages: ReadPage[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { width, height } = page.getViewport({ scale: 1 });
    const content = await page.getTextContent({ includeMarkedContent: true, disableNormalization: true });
    const { fnArray, argsArray } = await page.getOperatorList();
    const shown = argsArray.flatMap((args, i) => (fnArray[i] === pdfjs.OPS.showText ? [args[0]] : []));
    pages.push({
      width,
      height,
      texts: textBoxes(content.items),
      glyphs: shown.flatMap((list) => (Array.isArray(list) ? list.flatMap(glyph) : [])),
      structure: await page.getStructTree(),
    });
  }
  const read = {
    pages,
    info: (await document.getMetadata()).info,
    outline: (await document.getOutline()) ?? [],
  };
  await task.destroy();
  return read;
}

function glyph(value: unknown) {
  if (typeof value !== "object" || value === null || !("originalCharCode" in value)) return [];
  return [{ code: Number(value.originalCharCode), unicode: "unicode" in value ? String(value.unicode) : "" }];
}

function textBoxes(items: readonly Item[]): TextBox[] {
  const open: string[] = [];
  const boxes: TextBox[] = [];
  for (const item of items) {
    if (item.type === "endMarkedContent") open.pop();
    else if (item.type !== undefined) open.push(item.tag);
    else if (item.str.trim() !== "" && !open.includes("Figure") && !open.includes("Formula")) {
      const [a, b, , , x, y] = item.transform;
      const size = Math.hypot(a, b);
      // letters without what reaches far up and down, which neighbouring lines may touch
      boxes.push({
        text: item.str,
        left: x,
        right: x + item.width,
        bottom: y - size * 0.1,
        top: y + size * 0.6,
      });
    }
  }
  return boxes;
}

/** What is wrong with the pages, in words: an empty list for a document as it should be. */
export function faults({ pages }: ReadPdf): string[] {
  return pages.flatMap(({ width, height, texts, glyphs }, i) => {
    const at = `page ${i + 1}`;
    const lost = glyphs.filter(({ code }) => code === 0);
    const outside = texts.filter(
      (t) => t.left < 50 || t.right > width - 50 || t.bottom < 25 || t.top > height - 50,
    );
    const pairs = texts.flatMap((a, k) =>
      texts.slice(k + 1).flatMap((b) => (meet(a, b) ? [[a, b] as const] : [])),
    );
    return [
      ...(lost.length === 0 ? [] : [`${at}: ${lost.length} letters without a shape`]),
      ...outside.map(({ text }) => `${at}: outside of the text: ${text}`),
      ...pairs.map(([a, b]) => `${at}: on each other: ${a.text} | ${b.text}`),
    ];
  });
}

function meet(a: TextBox, b: TextBox): boolean {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.top, b.top) - Math.max(a.bottom, b.bottom);
  return across > 0.6 && down > 0.6;
}

/** All elements of a page's structure. */
export function elements(structure: Structure | null): Structure[] {
  if (structure === null) return [];
  return [structure, ...(structure.children ?? []).flatMap(elements)];
}
