import type { Token } from "marked";
import { hasRightToLeft, isRightToLeft, visualOrder } from "../../render/visual-order.js";
import { dom } from "../dom.js";
import { formulaParts } from "./formula-parts.js";
import { colors, fonts, type MathBox, type Paper } from "./paper.js";

/** What no line is broken in: pieces of text and formulas without a gap. */
interface Word {
  readonly pieces: (TextPiece | MathPiece)[];
  width: number;
  /** Whether a space stands before it; letters of Chinese and Japanese follow each other without one. */
  readonly isSpaced: boolean;
  /** A forced end of line behind it. */
  breakAfter: boolean;
}

interface TextPiece {
  readonly kind: "text";
  readonly text: string;
  readonly font: string;
  readonly size: number;
  readonly color: string;
  readonly link: string | undefined;
  readonly width: number;
}

interface MathPiece {
  readonly kind: "math";
  readonly box: MathBox;
  readonly width: number;
}

interface Style {
  readonly font: string;
  readonly size: number;
  readonly color: string;
  readonly link?: string;
}

export interface ParagraphOptions {
  readonly size?: number;
  readonly font?: string;
  readonly color?: string;
  /** Points from the left edge of the text. Default 0. */
  readonly indent?: number;
  /** Default: all that the indent leaves. */
  readonly width?: number;
  /** Line height as a multiple of the size. Default 1.42. */
  readonly leading?: number;
}

/**
 * Fills lines with the inline tokens of marked and draws them from `paper.y` on, over pages when needed: never the
 * first line alone at the foot of a page, nor the last alone at the top of one.
 */
export function paragraph(paper: Paper, tokens: readonly Token[], options: ParagraphOptions = {}): void {
  const all = lines(paper, tokens, options);
  all.forEach((line, i) => {
    const together = i === 0 || i === all.length - 2 ? all.slice(i, i + 2) : [line];
    paper.need(heightOf(together));
    line.draw(paper.left + (options.indent ?? 0), paper.y);
    paper.y += line.height;
  });
}

export function heightOf(all: readonly Line[]): number {
  return all.reduce((sum, { height }) => sum + height, 0);
}

/** Lines of plain text. */
export function plainText(paper: Paper, text: string, options: ParagraphOptions = {}): void {
  paragraph(paper, [{ type: "escape", raw: text, text } as Token], options);
}

export interface Line {
  readonly height: number;
  readonly width: number;
  draw(x: number, top: number): void;
}

/** The lines of a text without drawing them. A word that is wider than a line is broken. */
export function lines(paper: Paper, tokens: readonly Token[], options: ParagraphOptions): Line[] {
  const { size = 10.5, font = fonts.regular, color = colors.text, indent = 0, leading = 1.42 } = options;
  const width = options.width ?? paper.width - indent;
  const space = paper.widthOf(" ", fonts.regular, size);
  const words = collect(paper, tokens, { font, size, color }).flatMap((word) =>
    word.width > width ? broken(paper, word, width, size) : [word],
  );
  const rows: Word[][] = [[]];
  let used = 0;
  for (const word of words) {
    const row = rows[rows.length - 1];
    const gap = row.length > 0 && word.isSpaced ? space : 0;
    if (row.length > 0 && used + gap + word.width > width) {
      rows.push([word]);
      used = word.width;
    } else {
      used += gap + word.width;
      row.push(word);
    }
    if (word.breakAfter) {
      rows.push([]);
      used = 0;
    }
  }
  const isTurned = isRightToLeft(words.map(wordText).join(" "));
  return rows
    .filter((row) => row.length > 0)
    .map((row) => {
      const boxes = row.flatMap((word) => word.pieces.flatMap((p) => (p.kind === "math" ? [p.box] : [])));
      const above = Math.max(size * 0.98, ...boxes.map((b) => b.height - b.depth));
      const below = Math.max(size * (leading - 0.98), ...boxes.map((b) => b.depth + size * 0.15));
      const gaps = row.filter((word, i) => i > 0 && word.isSpaced).length;
      const taken = row.reduce((sum, word) => sum + word.width, gaps * space);
      return {
        height: above + below,
        width: taken,
        draw(x: number, top: number) {
          // the mark of a list is at the left, and its text beside it
          let at = isTurned && indent === 0 ? x + width - taken : x;
          for (const piece of inSight(paper, row, space, isTurned)) {
            if (piece.kind !== "space") drawPiece(paper, piece, at, top + above);
            at += piece.width;
          }
        },
      };
    });
}

/** The width of the widest word, which no column should be narrower than. */
export function widestWord(
  paper: Paper,
  tokens: readonly Token[],
  style: { font: string; size: number },
): number {
  return Math.max(0, ...collect(paper, tokens, { ...style, color: colors.text }).map((word) => word.width));
}

const wordText = ({ pieces }: Word) => pieces.map((p) => (p.kind === "math" ? "\ufffc" : p.text)).join("");

interface Space {
  readonly kind: "space";
  readonly text: " ";
  readonly width: number;
}

/** The pieces of a line from left to right, as they are seen. */
function inSight(paper: Paper, row: readonly Word[], space: number, isTurned: boolean) {
  const pieces = row.flatMap(({ pieces: own, isSpaced }, i): (TextPiece | MathPiece | Space)[] =>
    i > 0 && isSpaced ? [{ kind: "space", text: " ", width: space }, ...own] : own,
  );
  const texts = pieces.map((piece) => (piece.kind === "math" ? "\ufffc" : piece.text));
  const line = texts.join("");
  if (!hasRightToLeft(line)) return pieces;
  let end = 0;
  const ends = texts.map((text) => (end += text.length));
  return visualOrder(line, new Set(ends), isTurned).map((stretch) => {
    const index = ends.findIndex((e) => stretch.end <= e);
    const piece = pieces[index];
    const text = line.slice(stretch.start, stretch.end);
    if (piece.kind !== "text" || text === piece.text) return piece;
    return { ...piece, text, width: paper.widthOf(text, piece.font, piece.size) };
  });
}

/** A word that is wider than a line, as words without spaces between them. */
function broken(paper: Paper, word: Word, width: number, size: number): Word[] {
  const parts: Word[] = [];
  const add = (piece: TextPiece | MathPiece) => {
    const last = parts.at(-1);
    if (last !== undefined && last.width + piece.width <= width) {
      const before = last.pieces.at(-1);
      if (before?.kind === "text" && piece.kind === "text" && isSameStyle(before, piece)) {
        const text = before.text + piece.text;
        last.pieces.splice(-1, 1, { ...before, text, width: before.width + piece.width });
      } else last.pieces.push(piece);
      last.width += piece.width;
    } else {
      const isSpaced = parts.length === 0 && word.isSpaced;
      parts.push({ pieces: [piece], width: piece.width, isSpaced, breakAfter: false });
    }
  };
  for (const piece of word.pieces) {
    if (piece.kind === "math") {
      for (const box of formulaParts(paper, piece.box.tex, { display: false, size, width }) ?? [])
        add({ kind: "math", box, width: box.width });
    } else
      for (const text of piece.text.match(/.\p{M}*/gsu) ?? [])
        add({ ...piece, text, width: paper.widthOf(text, piece.font, piece.size) });
  }
  const last = parts.at(-1);
  if (last !== undefined) last.breakAfter = word.breakAfter;
  return parts;
}

const isSameStyle = (a: TextPiece, b: TextPiece) =>
  a.font === b.font && a.size === b.size && a.color === b.color && a.link === b.link;

function drawPiece(paper: Paper, piece: TextPiece | MathPiece, x: number, base: number): void {
  if (piece.kind === "math") {
    const { tex, svg, width, height, depth } = piece.box;
    paper.tag("Formula", () => paper.svg(svg, x, base - height + depth, width, height), { alt: tex });
    return;
  }
  const { text, font, size, color, link } = piece;
  paper.text(text, x, base, { font, size, color, link });
}

const htmlFonts: Readonly<Record<string, string>> = {
  b: fonts.bold,
  strong: fonts.bold,
  i: fonts.italic,
  em: fonts.italic,
};

/** Spaces at which a line may end: all but those that hold together. */
const spaces = /((?:(?![\u00a0\u202f\ufeff])\s)+)/;

/** Chinese and Japanese lines end before any letter or opening bracket, not before other signs. */
const betweenLetters =
  /(?<![「『（【《〈［｛])(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}「『（【《〈［｛])/u;

/** Turns tokens into words; a token without a space at its edge continues the word before it. */
function collect(paper: Paper, tokens: readonly Token[], style: Style): Word[] {
  const words: Word[] = [];
  let open = false;
  let isSpaced = true;
  const add = (piece: TextPiece | MathPiece) => {
    if (!open) words.push({ pieces: [], width: 0, isSpaced, breakAfter: false });
    const word = words[words.length - 1];
    word.pieces.push(piece);
    word.width += piece.width;
    open = true;
    isSpaced = true;
  };
  const addText = (text: string, s: Style) => {
    text.split(spaces).forEach((part, i) => {
      if (i % 2 === 1) open = false;
      else if (part !== "")
        part.split(betweenLetters).forEach((piece, j) => {
          if (j > 0) [open, isSpaced] = [false, false];
          add({ kind: "text", text: piece, ...s, link: s.link, width: paper.widthOf(piece, s.font, s.size) });
        });
    });
  };
  const walk = (list: readonly Token[], outer: Style) => {
    // Elements of HTML in a line come as single tags, whose words stand between them.
    const styles = [outer];
    let silent = false;
    for (const token of list) {
      const s = styles[styles.length - 1];
      if (token.type === "html") {
        const [, end, name] = /^<(\/?)([a-z]+)/i.exec(token.raw) ?? ["", "", ""];
        const tag = name.toLowerCase();
        if (tag === "br") {
          if (words.length > 0) words[words.length - 1].breakAfter = true;
          open = false;
        } else if (tag === "script" || tag === "style") silent = end === "";
        else if (htmlFonts[tag] !== undefined) {
          if (end === "") styles.push({ ...s, font: htmlFonts[tag] });
          else if (styles.length > 1) styles.pop();
        }
        continue;
      }
      if (silent) continue;
      switch (token.type) {
        case "strong":
          walk(token.tokens ?? [], { ...s, font: fonts.bold });
          break;
        case "em":
          walk(token.tokens ?? [], { ...s, font: fonts.italic });
          break;
        case "del":
          walk(token.tokens ?? [], s);
          break;
        case "link": {
          const web = /^(?:https?|mailto):/.test(String(token.href));
          walk(token.tokens ?? [], web ? { ...s, color: colors.link, link: String(token.href) } : s);
          break;
        }
        case "codespan":
          addText(unescapeHtml(String(token.text)), { ...s, font: fonts.mono, size: s.size * 0.86 });
          break;
        case "inlineMath":
        case "displayMath": {
          const box = paper.math(String(token.text), false, s.size);
          if (box === null) addText(String(token.text), { ...s, font: fonts.mono, size: s.size * 0.86 });
          else add({ kind: "math", box, width: box.width });
          break;
        }
        case "escape":
          addText(String(token.text), s);
          break;
        case "br":
          if (words.length > 0) words[words.length - 1].breakAfter = true;
          open = false;
          break;
        case "image":
          addText(`[picture: ${String(token.text)}]`, { ...s, color: colors.muted });
          break;
        default:
          if ("tokens" in token && token.tokens !== undefined) walk(token.tokens, s);
          else addText(unescapeHtml("text" in token ? String(token.text) : token.raw), s);
      }
    }
  };
  walk(tokens, style);
  return words;
}

/** marked leaves the entities that somebody typed in a text. */
function unescapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: "\u00a0" };
  return text.replace(
    /&(?:#\d+|#x[\da-f]+|[a-z]\w*);/gi,
    (entity) => names[entity.slice(1, -1)] ?? decoded(entity),
  );
}

/** One of the two thousand others; what is none stays as it is typed. */
function decoded(entity: string): string {
  const holder = dom().window.document.createElement("span");
  holder.innerHTML = entity;
  return holder.textContent;
}
