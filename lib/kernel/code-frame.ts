/** Lines of `source` around a place, with an arrow in front of it and a caret below; line and column from 1. */
export function codeFrame(source: string, line: number, column: number, around = 2): string[] {
  const lines = source.split("\n");
  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  const width = String(last).length;
  const frame: string[] = [];
  for (let n = first; n <= last; n++) {
    const text = lines[n - 1].replaceAll("\t", " ");
    frame.push(`${n === line ? ">" : " "} ${String(n).padStart(width)} | ${text}`);
    if (n === line) frame.push(`  ${" ".repeat(width)} | ${" ".repeat(column - 1)}^`);
  }
  return frame;
}

const sequence = "\u001b[";
export const red = (text: string): string => `${sequence}31m${text}${sequence}39m`;
export const dim = (text: string): string => `${sequence}2m${text}${sequence}22m`;
