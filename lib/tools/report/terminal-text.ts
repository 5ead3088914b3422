import { escapeHtml } from "@gradbook/core/internal";

/** What a program printed, as a terminal would show it. */
export interface TerminalText {
  readonly text: string;
  /** The same with its colours, as classes. */
  readonly html: string;
  /** How much was left out, as words; empty when nothing was. */
  readonly left: string;
}

/** More is read by nobody, and makes a page of many megabytes. */
const limits = {
  head: { lines: 1500, letters: 300_000 },
  tail: { lines: 500, letters: 100_000 },
  line: 10_000,
} as const;

/**
 * Lines that were overwritten (`\r`, backspaces) are what is left of them in the end; colours are kept for the page;
 * of very long outputs the beginning and the end.
 */
export function terminalText(output: string): TerminalText {
  const all = output.replace(/\n+$/, "").split("\n");
  const head = fitting(all, limits.head);
  const tail = Math.min(all.length - head, fitting([...all].reverse(), limits.tail));
  const hidden = all.length - head - tail;
  const shown = hidden === 0 ? all : [...all.slice(0, head), ...all.slice(all.length - tail)];
  const style = { now: "" };
  const lines = shown.map((line) => shortened(finalLine(line, style)));
  const cut = lines.reduce((sum, line) => sum + line.cut, 0);
  const left = [
    ...(hidden === 0 ? [] : [`${hidden} of ${all.length} lines`]),
    ...(cut === 0 ? [] : [`${cut} characters of lines longer than ${limits.line}`]),
  ].join(" and ");
  const join = (part: (line: (typeof lines)[number]) => string, gap: string) => {
    const parts = lines.map(part);
    if (hidden > 0) parts.splice(head, 0, gap);
    return parts.join("\n");
  };
  const gap = `… ${hidden} lines are in the executed notebook …`;
  return { text: join((line) => line.text, gap), html: join((line) => line.html, gap), left };
}

/** How many of the first lines stay within limits, each as far as it is shown; at least one. */
function fitting(
  lines: readonly string[],
  most: { readonly lines: number; readonly letters: number },
): number {
  let letters = 0;
  let count = 0;
  for (const line of lines) {
    letters += Math.min(line.length, limits.line);
    if (count === most.lines || (count > 0 && letters > most.letters)) break;
    count++;
  }
  return count;
}

/** Letters of one style. */
interface Run {
  readonly text: string;
  readonly style: string;
}

const esc = "\u001b";

/** `ESC [ 31 m` and its kin (numbers, letter), commands of other kinds, moves, other control characters, letters. */
const terminalParts = new RegExp(
  [
    `(?:${esc}\\[|\u009b)([0-9;?]*)([@-~])`,
    `${esc}\\][^\u0007${esc}]*(?:\u0007|${esc}\\\\)?`,
    `${esc}.`,
    "([\r\b])",
    "(?!\t)(\\p{Cc})",
    ".",
  ].join("|"),
  "gsu",
);

/** What a terminal shows of one line; the style goes on into the next. */
function finalLine(line: string, style: { now: string }): readonly Run[] {
  const bare = line.replace(/\r+$/, "");
  if (!/\p{Cc}/u.test(bare.replaceAll("\t", ""))) return [{ text: bare, style: style.now }];
  const cells: { letter: string; style: string }[] = [];
  let column = 0;
  for (const [whole, numbers, command, move, control] of bare.matchAll(terminalParts)) {
    if (command === "m") style.now = styled(style.now, numbers);
    else if (command === "K") cells.length = numbers === "2" ? 0 : Math.min(cells.length, column);
    else if (move === "\r") column = 0;
    else if (move === "\b") column = Math.max(0, column - 1);
    else if (command === undefined && control === undefined && !whole.startsWith("\u001b")) {
      cells[column++] = { letter: whole, style: style.now };
    }
  }
  const runs: Run[] = [];
  for (const cell of Array.from(cells, (c) => c ?? { letter: " ", style: "" })) {
    const last = runs.at(-1);
    if (last?.style === cell.style) runs[runs.length - 1] = { ...last, text: last.text + cell.letter };
    else runs.push({ text: cell.letter, style: cell.style });
  }
  return runs;
}

const colors = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** Classes after a command `ESC [ 1 ; 31 m`: of the sixteen colours, bold, italic and underlined. */
function styled(before: string, numbers: string): string {
  const classes = new Set(before.split(" ").filter((name) => name !== ""));
  const clear = (...starts: readonly string[]) => {
    for (const name of [...classes]) if (starts.some((start) => name.startsWith(start))) classes.delete(name);
  };
  const codes = numbers.split(";").map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) classes.clear();
    else if (code === 1) classes.add("ansi-bold");
    else if (code === 3) classes.add("ansi-italic");
    else if (code === 4) classes.add("ansi-underline");
    else if (code === 22) clear("ansi-bold");
    else if (code === 23) clear("ansi-italic");
    else if (code === 24) clear("ansi-underline");
    else if (code === 39) clear("ansi-color");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      clear("ansi-color");
      classes.add(`ansi-color-${colors[code % 10]}`);
    } else if (code === 38 || code === 48) {
      // A colour of 256, or of red, green and blue: its numbers are no codes.
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
  return [...classes].sort().join(" ");
}

/** One line, cut where it is longer than a reader follows. */
function shortened(runs: readonly Run[]): {
  readonly text: string;
  readonly html: string;
  readonly cut: number;
} {
  let room: number = limits.line;
  let cut = 0;
  const kept = runs.flatMap(({ text, style }): Run[] => {
    const part = text.slice(0, room);
    room -= part.length;
    cut += text.length - part.length;
    return part === "" ? [] : [{ text: part, style }];
  });
  const end = cut === 0 ? "" : " …";
  const html = kept.map(({ text, style }) =>
    style === "" ? escapeHtml(text) : `<span class="${style}">${escapeHtml(text)}</span>`,
  );
  return { text: kept.map(({ text }) => text).join("") + end, html: html.join("") + end, cut };
}
