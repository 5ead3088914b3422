import type { MimeBundle } from "@gradbook/base";
import type { Table } from "@gradbook/core";
import { heading } from "@gradbook/core/internal";
import type { Token, Tokens } from "marked";
import { formulas } from "../../render/formula.js";
import { forPdf, pointsPerPixel } from "../../render/pdf.js";
import { embedImages, pdfBytes } from "../../render/pdf-document.js";
import type { Picture } from "../../render/picture.js";
import type { Block, Contents } from "../block.js";
import { htmlTokens } from "../html-tokens.js";
import { mathExtension } from "../math-extension.js";
import type { CellPlace } from "../omissions.js";
import { type ReportParts, whyUnread } from "../page.js";
import { paperPicture } from "../picture-files.js";
import { prosePictures, withAttachments, withImages } from "../prose-pictures.js";
import { sanitizeHtml } from "../sanitize.js";
import { colors, fonts, Paper } from "./paper.js";
import { lines, paragraph, plainText } from "./paragraph.js";
import { drawTable, type PdfCell } from "./table.js";

/** Lines of a printed output that are taken over; the rest is in the executed notebook. */
const longestOutput = 60;

/**
 * The whole report as a PDF of A4 pages: prose with its formulas, figures as vectors, tables; text stays text. The
 * code is left to the executed notebook.
 */
export async function reportPdf(contents: Contents, parts: ReportParts): Promise<Uint8Array> {
  const { Marked } = await import("marked");
  const marked = new Marked(
    { gfm: true },
    mathExtension(() => ""),
  );
  const paper = await Paper.open(contents.title, await formulas());
  const writer = new Writer(paper, parts);
  if (!contents.blocks.some((b) => b.kind === "prose" && /^#\s/m.test(b.markdown)))
    writer.title(contents.title);
  const drawn = contents.blocks.filter(({ kind }) => kind !== "code" && kind !== "folded");
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

  #figures = 0;
  #tables = 0;
  #titled = false;
  /** The pictures of the text that is written, as PNG, by their addresses. */
  #pictures: ReadonlyMap<string, PaperPicture> = new Map();

  constructor(paper: Paper, parts: ReportParts) {
    this.#paper = paper;
    this.#parts = parts;
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
    plainText(this.#paper, `[${what}]`, { color: colors.muted });
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
    if (last === undefined) return;
    if (last.type === "paragraph") {
      const text = lines(this.#paper, last.tokens ?? [], {});
      this.#paper.need(text.reduce((sum, { height }) => sum + height, 5 + this.#endHeight));
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
        paragraph(paper, token.tokens ?? [token], { indent });
        break;
      case "displayMath":
        this.#formula(String(token.text));
        break;
      case "list":
        this.#list(token as Tokens.List, indent);
        break;
      case "blockquote":
        this.prose(token.tokens ?? [], indent + 14);
        break;
      case "code":
        this.#lines(String(token.text), colors.text);
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
        plainText(paper, token.raw.replace(/<[^>]*>/g, " ").trim(), { indent });
    }
  }

  /** Formulas that are displayed and pictures stand in a line of their own, also when the text goes on around them. */
  #paragraphs(tokens: readonly Token[], indent: number): void {
    let inline: Token[] = [];
    const flush = () => {
      if (inline.length > 0) paragraph(this.#paper, inline, { indent });
      inline = [];
    };
    for (const token of tokens) {
      const picture = token.type === "image" ? this.#pictures.get(String(token.href)) : undefined;
      if (picture !== undefined) {
        flush();
        this.#picture(picture.png, Number("width" in token ? token.width : 0) || picture.width);
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
    paper.gap(level === 1 ? 4 : 12);
    paper.need(size * 1.4 + 60);
    paper.doc.outline.addItem(text.replace(/\$/g, ""));
    paragraph(paper, tokens, { size, font: fonts.bold, leading: 1.25 });
    paper.gap(4);
    if (this.#titled) return;
    this.#titled = true;
    plainText(paper, parts.facts.join(" · "), { size: 9.5, color: colors.muted });
    paper.gap(8);
  }

  #formula(source: string): void {
    const paper = this.#paper;
    // MathJax sets a number at the end of a line whose width it leaves to the page.
    const tags = /\\tag(\*?)\{([^{}]*)\}/.exec(source);
    const tex = tags === null ? source : source.replace(tags[0], "");
    const box = paper.math(tex, true, 10.5);
    if (box === null) {
      this.#lines(tex, colors.text);
      return;
    }
    const scale = Math.min(1, paper.width / box.width);
    paper.need(box.height * scale + 8);
    paper.gap(3);
    paper.svg(
      box.svg,
      paper.left + (paper.width - box.width * scale) / 2,
      paper.y,
      box.width * scale,
      box.height * scale,
    );
    if (tags !== null) {
      const number = tags[1] === "*" ? tags[2] : `(${tags[2]})`;
      const style = { font: fonts.regular, size: 10.5 };
      const x = paper.left + paper.width - paper.widthOf(number, style.font, style.size);
      paper.text(number, x, paper.y + (box.height * scale) / 2 + 3.5, style);
    }
    paper.y += box.height * scale + 6;
  }

  #list(list: Tokens.List, indent: number): void {
    const paper = this.#paper;
    list.items.forEach((item, i) => {
      const mark = list.ordered ? `${Number(list.start || 1) + i}.` : "•";
      paper.need(18);
      const y = paper.y;
      paper.text(mark, paper.left + indent + 2, y + 10.3, { font: fonts.regular, size: 10.5 });
      this.prose(item.task ? ticked(item) : item.tokens, indent + 16);
      if (paper.y === y) paper.y += 14;
    });
    paper.gap(5);
  }

  #markdownTable(table: Tokens.Table): void {
    const cell = ({ tokens }: Tokens.TableCell): PdfCell => ({ tokens, bold: false });
    const right = table.align.map((align) => align === "right");
    drawTable(
      this.#paper,
      table.header.map(cell),
      table.rows.map((row) => row.map(cell)),
      right,
    );
    this.#paper.gap(8);
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
        else this.#picture(png, block.width ?? block.picture.width);
        break;
      }
      case "text":
        this.#lines(block.text.text, block.stream === "error" ? "#b3121d" : colors.muted);
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
      case "folded":
      case "code":
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
    const scale = Math.min(1, paper.width / natural.width, (paper.pageHeight - 60) / natural.height);
    paper.gap(6);
    paper.need(natural.height * scale + 36);
    if (drawn?.paperPng === undefined) {
      paper.svg(svg, paper.left, paper.y, natural.width * scale, natural.height * scale);
    } else {
      const uri = `data:image/png;base64,${Buffer.from(drawn.paperPng).toString("base64")}`;
      paper.doc.image(uri, paper.left, paper.y, { width: natural.width * scale });
    }
    paper.y += natural.height * scale + 4;
    this.#caption(`Figure ${++this.#figures}.`, meta.caption || meta.title);
  }

  #table(table: Table): void {
    const paper = this.#paper;
    const plain = (text: string, bold: boolean): PdfCell => ({
      tokens: [{ type: "escape", raw: text, text } as Token],
      bold,
    });
    paper.gap(4);
    paper.need(70);
    this.#caption(
      `Table ${++this.#tables}.`,
      [table.title, table.caption].filter((t) => t !== "").join(". "),
      2,
    );
    drawTable(
      paper,
      table.columns.map((column) => plain(heading(column), true)),
      table.rows.map((row) => row.map((cell) => plain(cell.text, cell.best))),
      table.columns.map((column) => column.numeric),
    );
    paper.gap(12);
  }

  #picture(picture: Picture, width: number): void {
    const paper = this.#paper;
    const { base64, width: across, height: down } = picture;
    const wanted = width * pointsPerPixel;
    const shown = Math.min(paper.width, wanted, (paper.pageHeight * across) / down);
    const height = (shown * down) / across;
    paper.need(height + 8);
    paper.doc.image(`data:image/png;base64,${base64}`, paper.left, paper.y, { width: shown });
    paper.y += height + 8;
  }

  #caption(label: string, text: string, gap = 12): void {
    const paper = this.#paper;
    const bold = {
      type: "strong",
      raw: label,
      text: label,
      tokens: [{ type: "escape", raw: label, text: label }],
    };
    const rest = { type: "escape", raw: ` ${text}`, text: ` ${text}` };
    paragraph(paper, [bold, rest] as Token[], { size: 9.5, color: colors.muted });
    paper.gap(gap);
  }

  /** Printed lines in a monospaced font, with a bar at their left. */
  #lines(text: string, color: string): void {
    const paper = this.#paper;
    const all = text.split("\n");
    const hidden = Math.max(0, all.length - longestOutput);
    const shown =
      hidden === 0
        ? all
        : [...all.slice(0, longestOutput), `… ${hidden} more lines in the executed notebook`];
    const size = 8;
    const letters = Math.floor((paper.width - 12) / paper.widthOf("m", fonts.mono, size));
    const wrapped = shown.flatMap((line) => (line === "" ? [""] : wrapLine(line, letters)));
    paper.gap(2);
    for (const line of wrapped) {
      paper.need(11);
      paper.doc.rect(paper.left, paper.y, 1.5, 11).fill(colors.line);
      paper.text(line, paper.left + 9, paper.y + 8.2, { font: fonts.mono, size, color });
      paper.y += 11;
    }
    paper.gap(8);
  }

  /** Of the provenance, with the gap above it. */
  get #endHeight(): number {
    return 14 + 14 * (this.#parts.provenance.length + 1);
  }

  /** Provenance, and at the foot of each page its number. */
  end(title: string): void {
    const paper = this.#paper;
    const parts = this.#parts;
    const left = parts.omissions.list();
    if (left.length > 0) {
      paper.gap(14);
      paper.need(Math.min(paper.pageHeight, 14 * (left.length + 2) + this.#endHeight));
      plainText(paper, "Left out of this report", { size: 9.5, font: fonts.bold });
      for (const { place, what } of left)
        plainText(paper, `${place}: ${what}`, { size: 8.5, color: colors.muted });
    }
    paper.gap(14);
    paper.need(this.#endHeight - 14);
    for (const [term, value] of parts.provenance) {
      plainText(paper, `${term}: ${value}`, { size: 8.5, color: colors.muted });
    }
    const { start, count } = paper.doc.bufferedPageRange();
    for (let page = start; page < start + count; page++) {
      paper.doc.switchToPage(page);
      const number = String(page + 1);
      const style = { font: fonts.regular, size: 8.5, color: colors.muted };
      paper.text(title, paper.left, 841.89 - 34, style);
      paper.text(
        number,
        paper.left + paper.width - paper.widthOf(number, style.font, style.size),
        841.89 - 34,
        style,
      );
    }
  }
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

/** Cuts a line at spaces; a word that is longer than a line is cut inside. */
function wrapLine(line: string, letters: number): string[] {
  const parts = line.match(new RegExp(`.{1,${letters}}(?=\\s|$)|.{1,${letters}}`, "gu")) ?? [];
  return parts.map((part, i) => (i === 0 ? part.trimEnd() : part.trim()));
}
