import { displaySymbol } from "@gradbook/base";
import type { Examination, Finding, Picture, Verdict } from "./types.js";

/** What the doctor says, about one operation or about several of one file. It shows itself in a notebook cell. */
export class Diagnosis {
  /** One entry per operation. */
  readonly examinations: readonly Examination[];
  /** Exports that were not examined. */
  readonly others: readonly string[];

  /** The worst of all examinations. */
  readonly verdict: Verdict;
  /** Those of all examinations. */
  readonly findings: readonly Finding[];
  /** What was tried and held, and the conventions that were inferred. */
  readonly checked: readonly string[];

  constructor(examinations: readonly Examination[], others: readonly string[] = []) {
    this.examinations = examinations;
    this.others = others;

    this.verdict = overall(examinations);
    this.findings = examinations.flatMap((e) => e.findings);
    const several = examinations.length > 1;
    this.checked = examinations.flatMap((e) =>
      [...e.checked, ...e.conventions.map((c) => `convention: ${c}`)].map((line) =>
        several ? `${e.subject}: ${line}` : line,
      ),
    );
  }

  /**
   * The record that `gradbook doctor --json` prints, as diagnosis.schema.json of this package describes it: `examinations`
   * with all that was found, and before them `verdict`, `findings` and `checked` of all together. With several operations,
   * `where` starts with the name of the one, `checked` too.
   */
  toJSON(): object {
    const several = this.examinations.length > 1;
    return {
      schema: 1,
      verdict: this.verdict,
      findings: this.examinations.flatMap((e) =>
        e.findings.map(({ tensor, mistake, where, cure }) => ({
          tensor,
          mistake,
          where: several ? `${e.subject}: ${where}` : where,
          cure,
        })),
      ),
      checked: [
        ...this.checked,
        ...(this.others.length === 0 ? [] : [`not examined: ${this.others.join(", ")}`]),
      ],
      others: this.others,
      examinations: this.examinations.map((e) => ({ ...e, notTried: e.notTried ?? [] })),
    };
  }

  /** All of it as text. */
  toString(): string {
    return this.examinations.map(textOf).join("\n\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [displaySymbol](): Record<string, string> {
    return { "text/html": this.examinations.map(htmlOf).join(""), "text/plain": this.toString() };
  }
}

/** Helpers that stand beside a layer: when they cannot be examined, the layer's verdict stands. */
const helpers: readonly string[] = ["im2col", "softmax"];

/** Said of a forward pass that stands alone. */
export const noBackward = "there is no backward: only the forward pass was checked";

/** Said of a function that the doctor does not know, and that gives no gradient either. */
export const standsAlone = "it stands alone: no backward, and no gradient beside what it returns";

function isHelper({ kind, verdict, checked }: Examination): boolean {
  const isAlone = [noBackward, standsAlone].some((words) => checked.includes(`not checked: ${words}`));
  return verdict === "unsure" && (helpers.includes(kind) || isAlone);
}

/** One wrong operation makes the whole wrong; an unsure helper beside a correct layer does not. */
function overall(examinations: readonly Examination[]): Verdict {
  if (examinations.some((e) => e.verdict === "wrong")) return "wrong";
  if (examinations.length === 0) return "unsure";
  const main = examinations.filter((e) => !isHelper(e));
  return main.length > 0 && main.every((e) => e.verdict === "correct") ? "correct" : "unsure";
}

const heads: Readonly<Record<Verdict, string>> = {
  correct: "correct: forward and backward agree, in everything that was tried",
  wrong: "wrong",
  unsure: "unsure: it could not be examined fully",
};

function textOf({ subject, verdict, findings, checked, conventions, notTried = [] }: Examination): string {
  const lines = [`${subject}: ${heads[verdict]}`];
  for (const f of findings) {
    lines.push(`  ✗ ${f.tensor}: ${f.mistake}`);
    for (const formula of (f.formula ?? "").split("\n")) if (formula !== "") lines.push(`      ${formula}`);
    lines.push(`      where: ${f.where}`, `      cure:  ${f.cure}`);
    if (f.picture !== undefined) lines.push(...pictureText(f.picture).map((line) => `      ${line}`));
  }
  for (const c of checked) lines.push(`  ${c.startsWith("not checked") ? "?" : "✓"} ${c}`);
  for (const c of conventions) lines.push(`  · ${c}`);
  for (const n of notTried) lines.push(`  · not tried: ${n}`);
  return lines.join("\n");
}

/** Three small blocks of numbers side by side; large planes are cut to their corner. */
function pictureText({ slice, height, width, expected, got, difference }: Picture): string[] {
  const [rows, columns] = [Math.min(height, 6), Math.min(width, 6)];
  const block = (data: readonly number[]) => {
    const cells = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => short(data[i * width + j])),
    );
    const size = Math.max(...cells.flat().map((t) => t.length));
    return cells.map((row) => row.map((t) => t.padStart(size)).join(" ") + (columns < width ? " …" : ""));
  };
  const blocks = [block(expected), block(got), block(difference)];
  const heading = ["expected", "got", "difference"].map((title, b) => title.padEnd(blocks[b][0].length));
  const lines = [
    `${slice}${rows < height || columns < width ? `, its first ${rows}×${columns}` : ""}`,
    heading.join("   "),
  ];
  for (let i = 0; i < rows; i++) lines.push(blocks.map((b, k) => b[i].padEnd(heading[k].length)).join("   "));
  return lines;
}

function short(v: number): string {
  return v === 0 ? "0" : String(Number(v.toPrecision(3)));
}

function htmlOf({ subject, verdict, findings, checked, conventions, notTried = [] }: Examination): string {
  const color = { correct: "#1a7f37", wrong: "#b3261e", unsure: "#8a6d00" }[verdict];
  const parts = [`<p><b>${escapeHtml(subject)}</b>: <b style="color:${color}">${heads[verdict]}</b></p>`];
  for (const f of findings) {
    parts.push(`<p><b><code>${escapeHtml(f.tensor)}</code></b>: ${escapeHtml(f.mistake)}</p>`);
    for (const formula of (f.formula ?? "").split("\n"))
      if (formula !== "") parts.push(`<p><code>${marked(formula)}</code></p>`);
    parts.push(`<p>Where: ${escapeHtml(f.where)}<br>Cure: ${escapeHtml(f.cure)}</p>`);
    if (f.picture !== undefined) parts.push(pictureHtml(f.picture));
  }
  const items = [
    ...checked.map((c) => `<li>${c.startsWith("not checked") ? "?" : "✓"} ${escapeHtml(c)}</li>`),
    ...conventions.map((c) => `<li>convention: ${escapeHtml(c)}</li>`),
    ...notTried.map((n) => `<li>not tried: ${escapeHtml(n)}</li>`),
  ];
  parts.push(`<ul style="list-style:none">${items.join("")}</ul>`);
  return parts.join("\n");
}

/** ⟦ ⟧ become a highlight. */
function marked(formula: string): string {
  return escapeHtml(formula)
    .replace(/⟦/g, '<mark style="background-color:#ffd7d5">')
    .replace(/⟧/g, "</mark>");
}

/** Expected, got and difference as three tables whose cells are coloured by their value. */
function pictureHtml({ slice, height, width, expected, got, difference }: Picture): string {
  const largest = Math.max(...[...expected, ...got].map(Math.abs), 1e-300);
  const [rows, columns] = [Math.min(height, 12), Math.min(width, 12)];
  const heat = (title: string, data: readonly number[]) => {
    const body = Array.from({ length: rows }, (_, i) => {
      const cells = Array.from({ length: columns }, (_, j) => {
        const v = data[i * width + j];
        return `<td style="background-color:${heatColor(v / largest)};color:#1f2328;text-align:right">${short(v)}</td>`;
      });
      return `<tr>${cells.join("")}</tr>`;
    });
    return `<td style="vertical-align:top"><table><caption>${title}</caption><tbody>${body.join("")}</tbody></table></td>`;
  };
  return `<table><caption><code>${escapeHtml(slice)}</code></caption><tbody><tr>${heat("expected", expected)}${heat("got", got)}${heat("difference", difference)}</tr></tbody></table>`;
}

/** White at 0, orange above, blue below. */
function heatColor(v: number): string {
  const a = Math.min(1, Math.abs(v));
  const mix = (full: number) => Math.round(255 - (255 - full) * a);
  return v >= 0 ? `rgb(${mix(255)},${mix(150)},${mix(70)})` : `rgb(${mix(90)},${mix(150)},${mix(240)})`;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
