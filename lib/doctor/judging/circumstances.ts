import type { Case, Sizes } from "../types.js";

const image = ["height", "width"];

/** What a case has that a smaller one has not, in words. */
const features: readonly (readonly [
  words: string,
  axes: readonly string[],
  has: (s: Sizes, c: Case) => boolean,
])[] = [
  ["a pad", image, (s) => s.PH > 0],
  ["a stride above 1", image, (s) => s.SH > 1],
  ["more than one sample", ["sample"], (s) => s.N > 1],
  ["more than one input channel", ["channel"], (s) => s.C > 1 && s.F !== undefined],
  ["more than one output channel", ["output channel"], (s) => s.F > 1 && s.F !== s.C],
  ["windows that overlap", image, (s) => s.SH < s.KH],
  [
    "pixels that no window covers",
    image,
    (s) => (s.OH - 1) * s.SH + s.KH - s.PH < s.H + s.PH || (s.OW - 1) * s.SW + s.KW - s.PW < s.W + s.PW,
  ],
  ["an image that is not square", image, (s) => s.H !== s.W],
  ["a kernel that is not square", image, (s) => s.KH !== s.KW],
  ["a kernel larger than 1×1", image, (s) => s.KH > 1 || s.KW > 1],
  ["more than one window", image, (s) => s.OH * s.OW > 1],
  ["more than one feature", ["feature"], (s) => s.I > 1],
  ["a stride other than the kernel", image, (s) => s.SH !== s.KH],
  ["negative inputs only", [], (_s, c) => (c.shift ?? 0) < 0],
  ["small inputs", [], (_s, c) => (c.scale ?? 1) < 1],
];

/** `"only with a pad"`: what all failing cases share and no passing one has; and the axes that this speaks of. */
export function circumstances(
  failing: readonly Case[],
  passing: readonly Case[],
): { words: string; axes: readonly string[] } {
  if (passing.length === 0) return { words: "in every case", axes: [] };
  const inAll = features.filter(([, , has]) => failing.every((c) => has(c.sizes, c)));
  const explains = inAll.filter(([, , has]) => passing.every((c) => !has(c.sizes, c)));
  const axes = [...new Set(explains.flatMap(([, a]) => a))];
  const total = failing.length + passing.length;
  if (explains.length > 0) {
    const words = explains.slice(0, 2).map(([w]) => w);
    return { words: `only with ${words.join(", or ")}`, axes };
  }
  const shared = inAll.filter(([, , has]) => passing.some((c) => !has(c.sizes, c))).slice(0, 3);
  const having = shared.length === 0 ? "" : `, all with ${shared.map(([w]) => w).join(" and ")}`;
  return { words: `in ${failing.length} of ${total} cases${having}`, axes };
}
