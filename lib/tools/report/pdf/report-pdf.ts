import type { MimeBundle } from "@gradbook/base";
import type { Table } from "@gradbook/core";
import { heading } from "@gradbook/core/internal";
import type { Token, Tokens } from "marked";
import { lettersWithoutShape } from "../../render/font.js";
import { formulas } from "../../render/formula.js";
import { forPdf, pointsPerPixel } from "../../render/pdf.js";
import { embedImages, pdfBytes } from "../../render/pdf-document.js";
import type { Picture } from "../../render/picture.js";
import type { Block, Contents } from "../block.js";
import { authorLine } from "../front-matter.js";
import { htmlTokens } from "../html-tokens.js";
import { mathExtension } from "../math-extension.js";
import type { CellPlace } from "../omissions.js";
import { type ReportParts, whyUnread } from "../page.js";
import { paperPicture } from "../picture-files.js";
import { prosePictures, withAttachments, withImages } from "../prose-pictures.js";
import { sanitizeHtml } from "../sanitize.js";
import { drawFormula } from "./formula.js";
import { colors, fonts, Paper } from "./paper.js";
import { heightOf, type Line, lines, paragraph, plainText } from "./paragraph.js";
import { cutOutput, drawPrinted } from "./printed.js";
import { drawTable, type PdfCell } from "./table.js";

/**
 * The whole report as a PDF of A4 pages: prose with its formulas, figures as vectors, tables; text stays text. Code is
 * left to the executed notebook, unless its author wants it here.
 */
export async function reportPdf(contents: Contents, parts: ReportParts): Promise<Uint8Array> {
  const { Marked } = await import("marked");
  const marked = new Marked(
    { gfm: true },
    mathExtension(() => ""),
  );
  const author = authorLine(contents.authors);
  const paper = await Paper.open({ ...contents, author }, await formulas());
  const writer = new Writer(paper, parts, author);
  if (!contents.blocks.some((b) => b.kind === "prose" && /^#\s/m.test(b.markdown)))
    writer.title(contents.title);
  const drawn = contents.blocks.filter(
    (block) => block.kind !== "folded" && (block.kind !== "code" || block.isShown),
  );
  for (const [i, block] of drawn.entries()) {
    try {
      if (block.kind !== "prose") await writer.block(block);
      else {
        const tokens = await readable(withImages(marked.lexer(block.markdown)), block.attachments);
        await writer.look(tokens, block.attachments);
        if (i < drawn.length - 1) writer.prose(tokens);
        else writer.lastProse(tokens);
      }
    } catch (error) {
      const what = `not in the PDF (${whyUnread(error)})`;
      const place: CellPlace | undefined = "place" in block ? block.place : undefined;
      if (place !== undefined) parts.omissions.add(place, what);
      writer.missing(what);
    }
  }
  writer.end(contents.title);
  return pdfBytes(paper.doc);
}

/** Pieces of HTML in a text as the tokens that they mean. */
async function readable(
  tokens: readonly Token[],
  attachments: Readonly<Record<string, MimeBundle>>,
): Promise<Token[]> {
  const read: Token[] = [];
  for (const token of tokens) {
    const clean =
      token.type === "html" ? await sanitizeHtml(await withAttachments(token.raw, attachments)) : "";
    if (typeof clean === "string") read.push(token);
    else read.push(...htmlTokens(clean.html));
  }
  return read;
}

/** A picture as PNG, and its width in CSS pixels. */
interface PaperPicture {
  readonly png: Picture;
  readonly width: number;
}

class Writer {
  readonly #paper: Paper;
  readonly #parts: ReportParts;
  readonly #author: string;

  #figures = 0;
  #tables = 0;
  #titled = false;
  /** The pictures of the text that is written, as PNG, by their addresses. */
  #pictures: ReadonlyMap<string, PaperPicture> = new Map();

  constructor(paper: Paper, parts: ReportParts, author: string) {
    this.#paper = paper;
    this.#parts = parts;
    this.#author = author;
  }

  /** Looks at the pictures of a text before it is written. */
  async look(tokens: readonly Token[], attachments: Readonly<Record<string, MimeBundle>>): Promise<void> {
    const pictures = new Map<string, PaperPicture>();
    for (const [href, picture] of await prosePictures(tokens, attachments)) {
      if (typeof picture === "string") continue;
      const png = await paperPicture(picture, this.#parts.artist);
      if (typeof png !== "string") pictures.set(href, { png, width: picture.width });
    }
    this.#pictures = pictures;
  }

  /** A line in place of something that is not there. */
  missing(what: string): void {
    this.#paper.tag("P", () => plainText(this.#paper, `[${what}]`, { color: colors.muted }));
    this.#paper.gap(5);
  }

  title(text: string): void {
    this.#heading(1, [{ type: "text", raw: text, text } as Token], text);
  }

  prose(tokens: readonly Token[], indent = 0): void {
    for (const token of tokens) this.#proseToken(token, indent);
  }

  /** The last paragraph goes to a new page with the provenance, so that this never stands on one alone. */
  lastProse(tokens: readonly Token[]): void {
    const rest = tokens.filter(({ type }) => type !== "space");
    const last = rest.pop();
    this.prose(rest);
    this.#paper.land();
    if (last === undefined) return;
    if (last.type === "paragraph") {
      const text = lines(this.#paper, last.tokens ?? [], {});
      this.#paper.need(heightOf(text) + 5 + this.#endHeight);
    }
    this.#proseToken(last, 0);
  }

  #proseToken(token: Token, indent: number): void {
    const paper = this.#paper;
    switch (token.type) {
      case "heading":
        this.#heading(Number(token.depth), token.tokens ?? [], String(token.text));
        break;
      case "paragraph":
        this.#paragraphs(token.tokens ?? [], indent);
        break;
      case "text":
        paper.tag("P", () => paragraph(paper, token.tokens ?? [token], { indent }));
        break;
      case "displayMath":
        this.#formula(String(token.text));
        break;
      case "list":
        this.#list(token as Tokens.List, indent);
        break;
      case "blockquote":
        paper.tag("BlockQuote", () => this.prose(token.tokens ?? [], indent + 14));
        break;
      case "code":
        this.#code(String(token.text));
        break;
      case "table":
        this.#markdownTable(token as Tokens.Table);
        break;
      case "hr":
        paper.gap(8);
        break;
      case "space":
      case "def":
        break;
      default:
        // Whatever it is, its words are not lost: HTML inside a list, say.
        paper.tag("P", () => plainText(paper, token.raw.replace(/<[^>]*>/g, " ").trim(), { indent }));
    }
  }

  /** Formulas that are displayed and pictures stand in a line of their own, also when the text goes on around them. */
  #paragraphs(tokens: readonly Token[], indent: number): void {
    let inline: Token[] = [];
    const flush = () => {
      const text = inline;
      if (text.length > 0) this.#paper.tag("P", () => paragraph(this.#paper, text, { indent }));
      inline = [];
    };
    for (const token of tokens) {
      const picture = token.type === "image" ? this.#pictures.get(String(token.href)) : undefined;
      if (picture !== undefined) {
        flush();
        const width = Number("width" in token ? token.width : 0) || picture.width;
        this.#picture(picture.png, width, "text" in token ? String(token.text) : "");
      } else if (token.type === "displayMath") {
        flush();
        this.#formula(String(token.text));
      } else inline.push(token);
    }
    flush();
    this.#paper.gap(5);
  }

  #heading(level: number, tokens: readonly Token[], text: string): void {
    const paper = this.#paper;
    const parts = this.#parts;
    const size = [20, 15, 12.5, 11][Math.min(level, 4) - 1];
    if (level <= 2) paper.landBeforeSection();
    paper.gap(level === 1 ? 4 : 12);
    paper.need(size * 1.4 + 60);
    paper.heading(level, text.replace(/[$*`]/g, ""));
    paper.tag(`H${Math.min(level, 6)}`, () =>
      paragraph(paper, tokens, { size, font: fonts.bold, leading: 1.25 }),
    );
    paper.gap(4);
    if (this.#titled) return;
    this.#titled = true;
    const facts = [this.#author, parts.facts.join(" · ")].filter((line) => line !== "");
    for (const line of facts)
      paper.tag("P", () => plainText(paper, line, { size: 9.5, color: colors.muted }));
    paper.gap(8);
  }

  #list(list: Tokens.List, indent: number): void {
    const paper = this.#paper;
    paper.tag("L", () => {
      list.items.forEach((item, i) => {
        const mark = list.ordered ? `${Number(list.start || 1) + i}.` : "•";
        const style = { font: fonts.regular, size: 10.5 };
        const inside = indent + Math.max(16, paper.widthOf(mark, style.font, style.size) + 7);
        paper.need(34);
        const y = paper.y;
        paper.tag("LI", () => {
          paper.tag("Lbl", () => paper.text(mark, paper.left + indent + 2, y + 10.3, style));
          paper.tag("LBody", () => this.prose(item.task ? ticked(item) : item.tokens, inside));
        });
        if (paper.y === y) paper.y += 14;
      });
    });
    paper.gap(5);
  }

  #markdownTable(table: Tokens.Table): void {
    const cell = ({ tokens }: Tokens.TableCell): PdfCell => ({ tokens, bold: false });
    const right = table.align.map((align) => align === "right");
    const [head, body] = [table.header.map(cell), table.rows.map((row) => row.map(cell))];
    drawTable(this.#paper, { head, body, right, caption: () => [] });
  }

  async block(block: Exclude<Block, { kind: "prose" }>): Promise<void> {
    switch (block.kind) {
      case "figure":
        await this.#figure(block);
        break;
      case "table":
        this.#table(block.table);
        break;
      case "picture": {
        const png = await paperPicture(block.small ?? block.picture, this.#parts.artist);
        if (typeof png === "string") this.missing(`picture: ${png}`);
        else this.#picture(png, block.width ?? block.picture.width, block.text);
        break;
      }
      case "text":
        drawPrinted(
          this.#paper,
          cutOutput(block.text.text),
          block.stream === "error" ? "#b3121d" : colors.muted,
        );
        break;
      case "html": {
        const tokens = htmlTokens(block.html);
        await this.look(tokens, {});
        this.prose(tokens);
        break;
      }
      case "left":
        this.missing(`left out: ${block.what}`);
        break;
      case "code":
        this.#code(block.source);
        break;
      case "folded":
        break;
      default:
        block satisfies never;
    }
  }

  async #figure({ name, figure }: Extract<Block, { kind: "figure" }>): Promise<void> {
    const paper = this.#paper;
    const parts = this.#parts;
    const { width, height, meta } = figure.layout;
    const drawn = parts.drawn.get(name);
    const svg = forPdf(drawn?.svg ?? "");
    if (drawn?.paperPng === undefined) await embedImages(paper.doc, svg);
    const natural = { width: width * pointsPerPixel, height: height * pointsPerPixel };
    const caption = this.#caption(`Figure ${++this.#figures}.`, meta.caption || meta.title, paper.width);
    const below = heightOf(caption) + 22;
    const scale = Math.min(1, paper.width / natural.width, (paper.pageHeight - below) / natural.height);
    const picture = (size: { readonly width: number; readonly height: number }) => {
      if (drawn?.paperPng === undefined) {
        paper.svg(svg, paper.left, paper.y, size.width, size.height);
      } else {
        const uri = `data:image/png;base64,${Buffer.from(drawn.paperPng).toString("base64")}`;
        paper.image(uri, paper.left, paper.y, size.width);
      }
    };
    const draw = (room: number) => {
      const fitted = Math.min(scale, (room - below) / natural.height);
      const size = { width: natural.width * fitted, height: natural.height * fitted };
      paper.gap(6);
      const bbox = boxAt(paper, size);
      paper.tag("Figure", () => picture(size), { alt: meta.description || meta.title, bbox });
      paper.y += size.height + 4;
      paper.tag("Caption", () => drawLines(paper, caption));
      paper.gap(12);
    };
    const full = natural.height * scale;
    paper.float({ height: full + below, least: full * smallest + below, draw });
  }

  #table(table: Table): void {
    const paper = this.#paper;
    const plain = (text: string, bold: boolean): PdfCell => ({
      tokens: [{ type: "escape", raw: text, text } as Token],
      bold,
    });
    const label = `Table ${++this.#tables}.`;
    const text = [table.title, table.caption].filter((t) => t !== "").join(". ");
    paper.gap(4);
    drawTable(paper, {
      head: table.columns.map((column) => plain(heading(column), true)),
      body: table.rows.map((row) => row.map((cell) => plain(cell.text, cell.best))),
      right: table.columns.map((column) => column.numeric),
      caption: (width, part) => this.#caption(label, part === "" ? text : `${text} (${part})`, width),
    });
  }

  #picture(picture: Picture, width: number, alt: string): void {
    const paper = this.#paper;
    const { base64, width: across, height: down } = picture;
    const wanted = width * pointsPerPixel;
    const shown = Math.min(paper.width, wanted, ((paper.pageHeight - 8) * across) / down);
    const height = (shown * down) / across;
    paper.need(height + 8);
    const draw = () => paper.image(`data:image/png;base64,${base64}`, paper.left, paper.y, shown);
    paper.tag("Figure", draw, { alt: alt || "a picture", bbox: boxAt(paper, { width: shown, height }) });
    paper.y += height + 8;
  }

  #caption(label: string, text: string, width: number): readonly Line[] {
    const bold = {
      type: "strong",
      raw: label,
      text: label,
      tokens: [{ type: "escape", raw: label, text: label }],
    };
    const rest = { type: "escape", raw: ` ${text}`, text: ` ${text}` };
    return lines(this.#paper, [bold, rest] as Token[], { size: 9.5, color: colors.muted, width });
  }

  #formula(tex: string): void {
    if (!drawFormula(this.#paper, tex)) this.#code(tex);
  }

  #code(source: string): void {
    drawPrinted(this.#paper, source, colors.text);
  }

  /** Of the provenance, with the gap above it. */
  get #endHeight(): number {
    return 14 + 14 * (this.#parts.provenance.length + 1);
  }

  /** Provenance, and at the foot of each page its number. */
  end(title: string): void {
    const paper = this.#paper;
    const parts = this.#parts;
    paper.land();
    const lost = lettersWithoutShape([...paper.letters].join(""));
    const everywhere = { order: Number.POSITIVE_INFINITY, words: "PDF" };
    if (lost !== "") parts.omissions.add(everywhere, `boxes in place of ${lost}`);
    const left = parts.omissions.list();
    const small = (text: string) =>
      paper.tag("P", () => plainText(paper, text, { size: 8.5, color: colors.muted }));
    if (left.length > 0) {
      paper.gap(14);
      paper.need(Math.min(paper.pageHeight, 14 * (left.length + 2) + this.#endHeight));
      paper.tag("P", () => plainText(paper, "Left out of this report", { size: 9.5, font: fonts.bold }));
      for (const { place, what } of left) small(`${place}: ${what}`);
    }
    paper.gap(14);
    paper.need(this.#endHeight - 14);
    for (const [term, value] of parts.provenance) small(`${term}: ${value}`);
    paper.end();
    const { start, count } = paper.doc.bufferedPageRange();
    for (let page = start; page < start + count; page++) {
      paper.doc.switchToPage(page);
      paper.artifact(() => this.#foot(title, String(page + 1)));
    }
  }

  #foot(title: string, number: string): void {
    const paper = this.#paper;
    const style = { font: fonts.regular, size: 8.5, color: colors.muted };
    const right = paper.left + paper.width - paper.widthOf(number, style.font, style.size);
    const y = paper.doc.page.height - 34;
    const fits = (text: string) => paper.widthOf(text, style.font, style.size) < paper.width - 40;
    paper.text(shortened(title, fits), paper.left, y, style);
    paper.text(number, right, y, style);
  }
}

/** How much smaller a figure may be drawn to stand on the page where it is mentioned. */
const smallest = 0.78;

function boxAt(paper: Paper, size: { readonly width: number; readonly height: number }) {
  return [paper.left, paper.y, paper.left + size.width, paper.y + size.height] as const;
}

function drawLines(paper: Paper, all: readonly Line[]): void {
  for (const line of all) {
    line.draw(paper.left, paper.y);
    paper.y += line.height;
  }
}

function shortened(text: string, fits: (text: string) => boolean): string {
  const letters = [...text];
  while (letters.length > 0 && !fits(letters.join(""))) letters.splice(-2, 2, "…");
  return letters.join("");
}

/** An item with a box to tick, the box as text before the first words. */
function ticked({ tokens }: Tokens.ListItem): Token[] {
  const [box, ...rest] = tokens.filter(({ type }) => type !== "space");
  if (box?.type !== "checkbox") return tokens;
  const mark = box.checked ? "[x] " : "[ ] ";
  const [first, ...more] = rest;
  const words = first !== undefined && "tokens" in first ? (first.tokens ?? []) : [];
  const line = {
    type: "text",
    raw: mark,
    text: mark,
    tokens: [{ type: "escape", raw: mark, text: mark }, ...words],
  };
  return [line as Token, ...more];
}
