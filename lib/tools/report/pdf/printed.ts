import { colors, fonts, type Paper } from "./paper.js";

/** Lines of a printed output that are taken over; the rest is in the executed notebook. */
const longestOutput = 60;

/** Lines in a monospaced font, with a bar at their left. */
export function drawPrinted(paper: Paper, text: string, color: string): void {
  const style = { font: fonts.mono, size: 8 };
  const width = paper.width - 12;
  const letter = paper.widthOf("m", style.font, style.size);
  // most lines are of letters that are all equally wide: nothing needs measuring
  const widthOf = (part: string) =>
    /^[ -~]*$/.test(part) ? part.length * letter : paper.widthOf(part, style.font, style.size);
  const all = text
    .replaceAll("\t", "    ")
    .split("\n")
    .flatMap((line) => wrapLine(line, width, widthOf));
  paper.gap(2);
  paper.tag("Code", () => {
    all.forEach((line, i) => {
      paper.need((i === 0 || i === all.length - 2) && all.length > 1 ? 22 : 11);
      paper.bar(paper.left, paper.y, 1.5, 11, colors.line);
      paper.text(line, paper.left + 9, paper.y + 8.2, { ...style, color });
      paper.y += 11;
    });
  });
  paper.gap(8);
}

/** As many lines of an output as a page should hold. */
export function cutOutput(text: string): string {
  const all = text.split("\n");
  if (all.length <= longestOutput) return text;
  const hidden = all.length - longestOutput;
  return [...all.slice(0, longestOutput), `… ${hidden} more lines in the executed notebook`].join("\n");
}

/** Cuts a line at spaces; a word that is longer than a line is cut inside. */
function wrapLine(line: string, width: number, widthOf: (part: string) => number): string[] {
  if (widthOf(line) <= width) return [line];
  const parts = [""];
  let used = 0;
  const add = (piece: string, wide: number) => {
    if (used > 0 && used + wide > width) {
      parts.push("");
      used = 0;
    }
    parts[parts.length - 1] += piece;
    used += wide;
  };
  for (const word of line.match(/\s*\S+|\s+/g) ?? []) {
    const wide = widthOf(word);
    if (used + wide <= width) add(word, wide);
    else {
      const bare = word.trimStart();
      const letters = widthOf(bare) <= width ? [bare] : (bare.match(/.\p{M}*/gsu) ?? []);
      if (used > 0) used = width;
      for (const letter of letters) add(letter, widthOf(letter));
    }
  }
  return parts;
}
