import { formulaParts } from "./formula-parts.js";
import { fonts, type Paper } from "./paper.js";

/** `\tag{1}` and `\tag*{text}`. */
const tagged = /\\tag(\*?)\{([^{}]*)\}/g;

/**
 * A formula in lines of its own, with its number at the right.
 * @returns whether TeX can read it; nothing is drawn otherwise
 */
export function drawFormula(paper: Paper, source: string): boolean {
  // MathJax sets a number at the end of a line whose width it leaves to the page: one is set here, of several each
  // stands behind its line.
  const tags = [...source.matchAll(tagged)].map(([, star, text]) => (star === "*" ? text : `(${text})`));
  const several = (_: string, star: string, text: string) =>
    `\\qquad\\text{${star === "*" ? text : `(${text})`}}`;
  const tex = tags.length > 1 ? source.replace(tagged, several) : source.replace(tagged, "");
  const number = tags.length === 1 ? tags[0] : "";
  const style = { font: fonts.regular, size: 10.5 };
  const beside = number === "" ? 0 : paper.widthOf(number, style.font, style.size) + 10;
  const room = paper.width - beside;
  const boxes = formulaParts(paper, tex, { display: true, size: style.size, width: room });
  if (boxes === null) return false;
  const height = boxes.reduce((sum, box) => sum + box.height + 3, 0);
  paper.need(Math.min(height + 8, paper.pageHeight));
  paper.gap(3);
  const draw = () => {
    boxes.forEach((box, i) => {
      paper.need(box.height);
      // lines that go on are set against the right, as TeX's multline does
      const middle = paper.left + Math.min((paper.width - box.width) / 2, room - box.width);
      const x = boxes.length === 1 ? middle : paper.left + (i === 0 ? 0 : room - box.width);
      paper.svg(box.svg, x, paper.y, box.width, box.height);
      paper.y += box.height + 3;
    });
  };
  paper.tag("Formula", draw, { alt: source.trim() });
  if (number !== "") {
    const last = boxes[boxes.length - 1];
    const right = paper.left + room + 10;
    const y = paper.y - 3 - last.height / 2 + 3.5;
    paper.tag("P", () => paper.text(number, right, y, style));
  }
  paper.y += 3;
  return true;
}
