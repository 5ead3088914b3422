import type { Token } from "marked";
import { dom } from "../dom.js";
import { colors, fonts, type MathBox, type Paper } from "./paper.js";

/** What stands between two spaces: pieces of text and formulas without a gap. */
interface Word {
  readonly pieces: (TextPiece | MathPiece)[];
  width: number;
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

/** Fills lines with the inline tokens of marked and draws them from `paper.y` on, over pages when needed. */
export function paragraph(paper: Paper, tokens: readonly Token[], options: ParagraphOptions = {}): void {
  for (const line of lines(paper, tokens, options)) {
    paper.need(line.height);
    line.draw(paper.left + (options.indent ?? 0), paper.y);
    paper.y += line.height;
  }
}

/** Lines of plain text. */
export function plainText(paper: Paper, text: string, options: ParagraphOptions = {}): void {
  paragraph(paper, [{ type: "escape", raw: text, text } as Token], options);
}

interface Line {
  readonly height: number;
  readonly width: number;
  draw(x: number, top: number): void;
}

/** The lines of a text without drawing them. */
export function lines(paper: Paper, tokens: readonly Token[], options: ParagraphOptions): Line[] {
  const { size = 10.5, font = fonts.regular, color = colors.text, indent = 0, leading = 1.42 } = options;
  const width = options.width ?? paper.width - indent;
  const words = collect(paper, tokens, { font, size, color });
  const space = paper.widthOf(" ", fonts.regular, size);
  const rows: Word[][] = [[]];
  let used = 0;
  for (const word of words) {
    const row = rows[rows.length - 1];
    if (row.length > 0 && used + space + word.width > width) {
      rows.push([word]);
      used = word.width;
    } else {
      used += (row.length > 0 ? space : 0) + word.width;
      row.push(word);
    }
    if (word.breakAfter) {
      rows.push([]);
      used = 0;
    }
  }
  return rows
    .filter((row) => row.length > 0)
    .map((row) => {
      const boxes = row.flatMap((word) => word.pieces.flatMap((p) => (p.kind === "math" ? [p.box] : [])));
      const above = Math.max(size * 0.98, ...boxes.map((b) => b.height - b.depth));
      const below = Math.max(size * (leading - 0.98), ...boxes.map((b) => b.depth + size * 0.15));
      return {
        height: above + below,
        width: row.reduce((sum, word) => sum + word.width, (row.length - 1) * space),
        draw(x: number, top: number) {
          let at = x;
          for (const word of row) {
            for (const piece of word.pieces) {
              drawPiece(paper, piece, at, top + above);
              at += piece.width;
            }
            at += space;
          }
        },
      };
    });
}

function drawPiece(paper: Paper, piece: TextPiece | MathPiece, x: number, base: number): void {
  if (piece.kind === "math") {
    const { svg, width, height, depth } = piece.box;
    paper.svg(svg, x, base - height + depth, width, height);
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

/** Turns tokens into words; a token without a space at its edge continues the word before it. */
function collect(paper: Paper, tokens: readonly Token[], style: Style): Word[] {
  const words: Word[] = [];
  let open = false;
  const add = (piece: TextPiece | MathPiece) => {
    if (!open) words.push({ pieces: [], width: 0, breakAfter: false });
    const word = words[words.length - 1];
    word.pieces.push(piece);
    word.width += piece.width;
    open = true;
  };
  const addText = (text: string, s: Style) => {
    text.split(/(\s+)/).forEach((part, i) => {
      if (i % 2 === 1) open = false;
      else if (part !== "")
        add({ kind: "text", text: part, ...s, link: s.link, width: paper.widthOf(part, s.font, s.size) });
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
