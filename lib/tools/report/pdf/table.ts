import type { Token } from "marked";
import { colors, type Float, fonts, type Paper } from "./paper.js";
import { heightOf, type Line, lines, widestWord } from "./paragraph.js";

export interface PdfCell {
  readonly tokens: readonly Token[];
  readonly bold: boolean;
}

/** A table before it is drawn. */
export interface PdfTable {
  readonly head: readonly PdfCell[];
  readonly body: readonly (readonly PdfCell[])[];
  /** The columns that are set against their right edge. */
  readonly right: readonly boolean[];
  /** What stands above it; `part` says which of its columns are there when they are not all. */
  readonly caption: (width: number, part: string) => readonly Line[];
}

/** Sizes of type, and the points at both sides of a cell, from the usual to the smallest that can be read. */
const sizes = [
  { size: 9.5, pad: 5 },
  { size: 8.5, pad: 4 },
  { size: 7.5, pad: 3 },
] as const;

/** How a table is set: no column is narrower than its longest word, as long as any of the ways allows it. */
interface Setting {
  readonly size: number;
  readonly pad: number;
  readonly widths: readonly number[];
  readonly isTurned: boolean;
}

/**
 * A table with rules above, under its head and below. A row stands on one page, the head again on each. What is too
 * wide is set smaller, then on turned pages, then in parts, each with the first column; a short one that does not fit
 * on the page floats.
 */
export function drawTable(paper: Paper, table: PdfTable, part = ""): void {
  const setting = settingOf(paper, table);
  if (setting === null) {
    for (const { columns, name } of parts(paper, table)) drawTable(paper, withColumns(table, columns), name);
    return;
  }
  const caption = table.caption(paper.widthOn(setting.isTurned), part);
  const rows = [table.head, ...table.body].map((row, i) => rowOf(paper, row, setting, i === 0));
  const height = rows.reduce((all, row) => all + row.height, heightOf(caption) + 14);
  const draw = () => drawRows(paper, rows, caption, table, setting);
  const float: Float = { height, isTurned: setting.isTurned, draw };
  if (setting.isTurned || height < paper.pageHeight / 2) paper.float(float);
  else draw();
}

/** @returns null when the longest words stand beside each other in none of the ways */
function settingOf(paper: Paper, table: PdfTable): Setting | null {
  const ways = [false, true].flatMap((isTurned) => sizes.map((type) => ({ ...type, isTurned })));
  for (const { size, pad, isTurned } of ways) {
    const room = paper.widthOn(isTurned) - 2 * pad * table.head.length;
    const least = leastWidths(paper, table, size, room);
    // two columns always fit: none is wider than a third
    if (sum(least) > room && table.head.length > 2) continue;
    const rows = [table.head, ...table.body];
    const most = table.head.map((_, c) =>
      Math.max(
        ...rows.map((row, r) => longestLine(paper, { ...row[c], bold: row[c].bold || r === 0 }, size)),
      ),
    );
    return { size, pad, isTurned, widths: shared(least, most, room).map((w) => w + 0.5) };
  }
  return null;
}

const fontOf = ({ bold }: PdfCell) => (bold ? fonts.bold : fonts.regular);

function longestLine(paper: Paper, cell: PdfCell, size: number): number {
  const all = lines(paper, cell.tokens, { size, font: fontOf(cell), width: Number.POSITIVE_INFINITY });
  return Math.max(0, ...all.map((line) => line.width));
}

/** The longest word of each column; one of a hundred letters does not decide for all. */
function leastWidths(paper: Paper, { head, body }: PdfTable, size: number, room: number): readonly number[] {
  return head.map((top, c) => {
    const cells = [{ ...top, bold: true }, ...body.map((row) => row[c])];
    const words = cells.map((cell) => widestWord(paper, cell.tokens, { size, font: fontOf(cell) }));
    return Math.min(room / 3, Math.max(0, ...words));
  });
}

/** Columns that fit on a turned page, the first one in each part. */
function parts(
  paper: Paper,
  table: PdfTable,
): { readonly columns: readonly number[]; readonly name: string }[] {
  const { size, pad } = sizes[1];
  const room = paper.widthOn(true);
  const least = leastWidths(paper, table, size, room - 6 * pad).map((width) => width + 2 * pad + 1);
  const groups: number[][] = [];
  for (let c = 1; c < least.length; c++) {
    const last = groups.at(-1);
    const used = last === undefined ? room : sum([0, ...last].map((i) => least[i]));
    if (last !== undefined && used + least[c] <= room) last.push(c);
    else groups.push([c]);
  }
  return groups.map((columns) => ({
    columns: [0, ...columns],
    name: `columns ${columns[0] + 1} to ${columns[columns.length - 1] + 1}`,
  }));
}

function withColumns(table: PdfTable, columns: readonly number[]): PdfTable {
  const taken = <T>(list: readonly T[]) => columns.map((c) => list[c]);
  return { ...table, head: taken(table.head), body: table.body.map(taken), right: taken(table.right) };
}

/** What the columns want, cut down to the room in proportion to what each has above its least. */
function shared(least: readonly number[], most: readonly number[], room: number): readonly number[] {
  const inside = room - 0.5 * least.length;
  if (sum(most) <= inside) return most;
  if (sum(least) >= inside) return least.map((width) => (width * inside) / sum(least));
  const part = (inside - sum(least)) / (sum(most) - sum(least));
  return least.map((width, c) => width + (most[c] - width) * part);
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

interface Row {
  readonly cells: readonly (readonly Line[])[];
  readonly height: number;
}

function rowOf(paper: Paper, row: readonly PdfCell[], { size, widths }: Setting, isHead: boolean): Row {
  const cells = row.map((cell, c) =>
    lines(paper, cell.tokens, {
      size,
      width: widths[c],
      font: cell.bold || isHead ? fonts.bold : fonts.regular,
    }),
  );
  return { cells, height: Math.max(...cells.map(heightOf)) + 4 };
}

function drawRows(
  paper: Paper,
  [head, ...body]: readonly Row[],
  caption: readonly Line[],
  { right }: PdfTable,
  { widths, pad }: Setting,
): void {
  const across = sum(widths) + 2 * pad * widths.length;
  const drawRow = ({ cells, height }: Row, isHead: boolean) => {
    if (isHead) paper.rule(paper.left, paper.y, across, 0.9, colors.muted);
    const { y } = paper;
    paper.tag("TR", () => {
      let x = paper.left;
      cells.forEach((list, c) => {
        const column = { x: x + pad, width: widths[c] };
        const cell = () => {
          let at = y + 2;
          for (const line of list) {
            line.draw(column.x + (right[c] ? column.width - line.width : 0), at);
            at += line.height;
          }
        };
        paper.tag(isHead ? "TH" : "TD", cell, isHead ? { scope: "Column" } : {});
        x += widths[c] + 2 * pad;
      });
    });
    paper.y += height;
    const [weight, color] = isHead ? [0.9, colors.muted] : [0.4, colors.line];
    paper.rule(paper.left, paper.y, across, weight, color);
  };
  // the caption, the head and two rows stand together, and the last two
  const start = body.slice(0, 2).reduce((all, row) => all + row.height, heightOf(caption) + head.height + 2);
  paper.need(Math.min(start, paper.pageHeight));
  paper.tag("Table", () => {
    if (caption.length > 0)
      paper.tag("Caption", () => {
        for (const line of caption) {
          line.draw(paper.left, paper.y);
          paper.y += line.height;
        }
      });
    paper.gap(2);
    drawRow(head, true);
    body.forEach((row, i) => {
      const next = i === body.length - 2 ? body[i + 1].height : 0;
      if (row.height + next > paper.room) {
        paper.need(row.height + next);
        drawRow(head, true);
      }
      drawRow(row, false);
    });
  });
  paper.gap(12);
}
