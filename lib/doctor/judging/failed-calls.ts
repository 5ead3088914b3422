import type { Finding } from "../types.js";
import { circumstances } from "./circumstances.js";
import { fromFault } from "./findings.js";
import type { Trial } from "./trial.js";

/** One finding for each kind of failed call, with the cases in which it fails. */
export function faultFindings(faults: readonly Trial[], trials: readonly Trial[]): Finding[] {
  const kinds = new Map<string, Trial[]>();
  for (const t of faults) {
    const key = `${t.fault?.sort}/${t.fault?.tensor}`;
    kinds.set(key, [...(kinds.get(key) ?? []), t]);
  }
  return [...kinds.values()].flatMap((group) => {
    const { fault } = group[0];
    if (fault === undefined) return [];
    const passing = trials.filter((t) => !group.includes(t)).map((t) => t.case);
    const when = circumstances(
      group.map((t) => t.case),
      passing,
    );
    return [fromFault(fault, group[0].case, when.words)];
  });
}

/**
 * A mistake that is named in the cases that run explains the calls that fail in others (an index that leaves the array
 * where two sizes differ): one finding, not two.
 */
export function merged(wrong: readonly Finding[], faults: readonly Finding[]): readonly Finding[] {
  const named = wrong.find((f) => !["unknown", "factor", "zero", "sign"].includes(f.id));
  if (named === undefined || faults.length === 0) return [...faults, ...wrong];
  const also = faults.map((f) => `${f.mistake} (${f.where.split(";")[0]})`).join("; ");
  return wrong.map((f) => (f === named ? { ...f, where: `${f.where}. In other cases ${also}` } : f));
}
