import type { MathBox, Paper } from "./paper.js";

/**
 * A formula that is wider than a line as the parts that fit, cut before operators as TeX does it; one that cannot be
 * cut is drawn smaller.
 * @returns null when TeX cannot read it
 */
export function formulaParts(
  paper: Paper,
  tex: string,
  { display, size, width }: { readonly display: boolean; readonly size: number; readonly width: number },
): MathBox[] | null {
  const whole = paper.math(tex, display, size);
  if (whole === null || whole.width <= width) return whole && [whole];
  const parts: MathBox[] = [];
  let from = "";
  for (const term of terms(tex.trim())) {
    const last = parts.at(-1);
    const longer = paper.math(from + term, display, size);
    if (longer === null) return [shrunk(whole, width)];
    if (last !== undefined && longer.width <= width) {
      parts.splice(-1, 1, longer);
      from += term;
    } else {
      // an operator needs something before it to have its spaces
      from = last === undefined ? term : `{}${term}`;
      parts.push(paper.math(from, display, size) ?? longer);
    }
  }
  return parts.map((part) => shrunk(part, width));
}

function shrunk(box: MathBox, width: number): MathBox {
  const scale = Math.min(1, width / box.width);
  return { ...box, width: box.width * scale, height: box.height * scale, depth: box.depth * scale };
}

const operator = /^(?:[-+=<>]|\\(?:leq?|geq?|approx|equiv|sim|pm|cdot|times|to|in|propto)\b)/;

/** TeX cut before its signs and relations, those inside braces, brackets and environments left alone. */
function terms(tex: string): string[] {
  if (/\\(?:begin|left|\\|over|atop|choose)(?![a-zA-Z])/.test(tex)) return [tex];
  const parts = [""];
  let depth = 0;
  for (const token of tex.match(/\\[a-zA-Z]+\s*|\\.|[\s\S]/g) ?? []) {
    if ("{([".includes(token)) depth++;
    if ("})]".includes(token)) depth--;
    const before = parts[parts.length - 1];
    // a sign that stands first, or behind another or a raised or lowered place, belongs to what follows
    if (depth === 0 && operator.test(token) && !/(?:^|[-+=<>^_])\s*$/.test(before)) parts.push("");
    parts[parts.length - 1] += token;
  }
  return parts;
}
