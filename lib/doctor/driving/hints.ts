import type { Operation } from "../operations/operation.js";
import type { Form } from "../reading/decode.js";
import type { OwnTensor } from "../reading/own-tensor.js";
import { type Role, rolesOf } from "../reading/roles.js";
import { blankOut, type Param } from "../reading/source.js";
import type { Capabilities } from "../types.js";

/** Forms to try, the one that the source speaks of first. */
export function likelyForms(source: string, own: OwnTensor | undefined): Form[] {
  const code = blankOut(source);
  const fields = (code.match(/\.(data|shape|dims)\b|\{\s*shape\b[^{}]*\bdata\b/g) ?? []).length;
  const nested = (code.match(/\]\s*\[|\[0\]\.length|\.map\(\s*\(?\s*\w+\s*\)?\s*=>\s*\w+\.map/g) ?? [])
    .length;
  const first: Form[] =
    fields > 0
      ? ["tensor", "record", "nested"]
      : nested > 0
        ? ["nested", "tensor"]
        : ["flat", "typed", "nested"];
  return [
    ...new Set<Form>([
      ...(own === undefined ? [] : (["own"] as const)),
      ...first,
      "nested",
      "tensor",
      "record",
      "flat",
      "typed",
    ]),
  ];
}

/** The longest chain of indices in code on nested arrays, `x[n][c][i][j]` → 4; undefined when there is none. */
export function axesIn(source: string): number | undefined {
  const chains = blankOut(source).match(/(?:\[[^[\]]*(?:\[[^[\]]*\][^[\]]*)*\]){2,}/g) ?? [];
  const depth = Math.max(0, ...chains.map((chain) => (chain.match(/\]\s*\[/g) ?? []).length + 1));
  return depth === 0 ? undefined : depth;
}

/** Whether the code can be probeOptions for strides and pads, by the names of its parameters and options. */
export function conventionsIn(
  operation: Operation,
  source: string,
  params: readonly Param[],
): Pick<Capabilities, "stride" | "pad" | "square"> {
  if (!operation.axes.x.includes("H") || operation.axes.y.at(-1) !== "OW")
    return { stride: false, pad: false };
  const code = blankOut(source);
  const named = (role: Role) =>
    params.some(
      (p) => rolesOf(p.name).includes(role) || p.keys?.some((k) => rolesOf(k).includes(role)) === true,
    );
  const record = params.find((p) => p.name !== "" && rolesOf(p.name).includes("options"))?.name;
  // in a record of options the words themselves must appear; single letters only as `opts.s`
  const inRecord = (word: RegExp, letter: string) =>
    record !== undefined && (word.test(code) || new RegExp(`\\b${record}\\.${letter}\\b`, "i").test(code));
  return {
    ...(axesIn(source) === undefined && /Math\.sqrt\([^()]*\.length\)/.test(code) ? { square: true } : {}),
    stride: named("stride") || named("SH") || inRecord(/\b\w*stri?des?\w*\b/i, "s"),
    pad: named("pad") || named("PH") || inRecord(/\b\w*pad\w*\b/i, "p"),
  };
}
