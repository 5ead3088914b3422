import { displaySymbol } from "@gradbook/base";
/** One thing that was looked at. */
export interface CheckLine {
  /** What was looked at: `"initial loss"`, `"dead units"` … */
  readonly check: string;
  /** `"look"` may be intended, `"bad"` hardly ever is. */
  readonly verdict: "good" | "look" | "bad";
  /** What was found, with its numbers. */
  readonly words: string;
  /** What to do about it; `""` where it is good. */
  readonly cure: string;
}

/** All lines of `firstMinute`; as a cell's last expression it shows itself. */
export interface FirstMinute {
  /** One line per check, in the order in which they were made. */
  readonly lines: readonly CheckLine[];
  /** The worst of all lines. */
  readonly verdict: CheckLine["verdict"];
  /** The lines as text, each with its mark: ✓, ! or ✗. */
  toString(): string;
}

const marks = { good: "✓", look: "!", bad: "✗" } as const;
const colors = { good: "#1a7f37", look: "#8a6d00", bad: "#b3261e" } as const;

export class Panel implements FirstMinute {
  readonly lines: readonly CheckLine[];

  readonly verdict: CheckLine["verdict"];

  constructor(lines: readonly CheckLine[]) {
    this.lines = lines;

    const worst = (["bad", "look"] as const).find((v) => lines.some((l) => l.verdict === v));
    this.verdict = worst ?? "good";
  }

  toString(): string {
    const width = Math.max(...this.lines.map((l) => l.check.length));
    return this.lines
      .map(
        ({ check, verdict, words, cure }) =>
          `${marks[verdict]} ${check.padEnd(width)}  ${words}${cure === "" ? "" : ` ${cure}`}`,
      )
      .join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [displaySymbol](): Record<string, string> {
    const row = ({ check, verdict, words, cure }: CheckLine) =>
      `<tr><td style="color:${colors[verdict]}"><b>${marks[verdict]}</b></td><th scope="row" style="text-align:left">${escapeHtml(check)}</th><td style="text-align:left">${escapeHtml(words)}</td><td style="text-align:left">${escapeHtml(cure)}</td></tr>`;
    const head = ["", "check", "found", "cure"].map(
      (h) => `<th scope="col" style="text-align:left">${h}</th>`,
    );
    return {
      "text/html": `<table><thead><tr>${head.join("")}</tr></thead><tbody>${this.lines.map(row).join("")}</tbody></table>`,
      "text/plain": this.toString(),
    };
  }
}

/** `0.0312`, `2.3`, `1.2e-7` */
export function number(v: number): string {
  return String(Number(v.toPrecision(3)));
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
