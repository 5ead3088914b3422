import type { Case, Sizes } from "../types.js";

/** What a case has that a smaller one has not, in words. */
const features: readonly (readonly [words: string, has: (s: Sizes, c: Case) => boolean])[] = [
  ["a pad", (s) => s.PH > 0],
  ["a stride above 1", (s) => s.SH > 1],
  ["more than one sample", (s) => s.N > 1],
  ["more than one input channel", (s) => s.C > 1 && s.F !== undefined],
  ["more than one output channel", (s) => s.F > 1 && s.F !== s.C],
  ["windows that overlap", (s) => s.SH < s.KH],
  [
    "pixels that no window covers",
    (s) => (s.OH - 1) * s.SH + s.KH - s.PH < s.H + s.PH || (s.OW - 1) * s.SW + s.KW - s.PW < s.W + s.PW,
  ],
  ["a kernel that is not square", (s) => s.KH !== s.KW],
  ["a kernel larger than 1×1", (s) => s.KH > 1 || s.KW > 1],
  ["more than one window", (s) => s.OH * s.OW > 1],
  ["more than one feature", (s) => s.I > 1],
  ["a stride other than the kernel", (s) => s.SH !== s.KH],
  ["negative inputs only", (_s, c) => (c.shift ?? 0) < 0],
  ["small inputs", (_s, c) => (c.scale ?? 1) < 1],
];

/** `"only with a pad"`: what all failing cases share and no passing one has. */
export function circumstances(failing: readonly Case[], passing: readonly Case[]): string {
  if (passing.length === 0) return "in every case";
  const explains = features.filter(
    ([, has]) => failing.every((c) => has(c.sizes, c)) && passing.every((c) => !has(c.sizes, c)),
  );
  if (explains.length > 0)
    return `only with ${explains
      .slice(0, 2)
      .map(([words]) => words)
      .join(", or ")}`;
  const needed = features.filter(([, has]) => failing.every((c) => has(c.sizes, c)));
  const shared = needed.filter(([, has]) => passing.some((c) => !has(c.sizes, c)));
  if (shared.length > 0)
    return `in ${failing.length} of ${failing.length + passing.length} cases, all with ${shared
      .slice(0, 3)
      .map(([words]) => words)
      .join(" and ")}`;
  return `in ${failing.length} of ${failing.length + passing.length} cases`;
}
