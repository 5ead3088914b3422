import type { Token } from "marked";
import { colors, fonts, type Paper } from "./paper.js";
import { lines } from "./paragraph.js";

export interface PdfCell {
  readonly tokens: readonly Token[];
  readonly bold: boolean;
}

const size = 9.5;
const pad = 5;

/** A table with rules above, under its head and below; a row stands on one page, the head again on each. */
export function drawTable(
  paper: Paper,
  head: readonly PdfCell[],
  body: readonly (readonly PdfCell[])[],
  right: readonly boolean[],
): void {
  const natural = head.map((_, c) =>
    Math.max(...[head, ...body].map((row) => widest(paper, row[c], Number.POSITIVE_INFINITY))),
  );
  const total = natural.reduce((a, b) => a + b + 2 * pad, 0);
  const scale = Math.min(1, (paper.width - 2 * pad * head.length) / (total - 2 * pad * head.length));
  const widths = natural.map((w) => w * scale);
  const across = widths.reduce((a, b) => a + b + 2 * pad, 0);

  const rule = (weight: number, color: string) => {
    paper.doc
      .lineWidth(weight)
      .strokeColor(color)
      .moveTo(paper.left, paper.y)
      .lineTo(paper.left + across, paper.y)
      .stroke();
  };
  const drawRow = (row: readonly PdfCell[], isHead: boolean) => {
    const cells = row.map((cell, c) =>
      lines(paper, cell.tokens, {
        size,
        width: widths[c] + 0.5,
        font: cell.bold || isHead ? fonts.bold : fonts.regular,
      }),
    );
    const height = Math.max(...cells.map((list) => list.reduce((sum, line) => sum + line.height, 0))) + 4;
    if (!isHead && height > paper.room) {
      paper.need(height);
      drawRow(head, true);
    }
    if (isHead) {
      paper.need(height + 30);
      rule(0.9, colors.muted);
    }
    let x = paper.left;
    cells.forEach((list, c) => {
      let y = paper.y + 2;
      for (const line of list) {
        line.draw(x + pad + (right[c] ? widths[c] - line.width : 0), y);
        y += line.height;
      }
      x += widths[c] + 2 * pad;
    });
    paper.y += height;
    rule(isHead ? 0.9 : 0.4, isHead ? colors.muted : colors.line);
  };
  drawRow(head, true);
  for (const row of body) drawRow(row, false);
}

function widest(paper: Paper, cell: PdfCell, width: number): number {
  const font = cell.bold ? fonts.bold : fonts.regular;
  return Math.max(0, ...lines(paper, cell.tokens, { size, width, font }).map((line) => line.width)) * 1.02;
}
