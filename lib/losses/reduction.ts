import type { Reduction } from "../engine/spec.js";
import { GradbookError } from "../errors/error.js";

/** @throws GradbookError for anything but "mean" and "sum" */
export function parseReduction(what: string, config: { readonly reduction?: Reduction }): Reduction {
  const reduction = config.reduction ?? "mean";
  if (reduction === "mean" || reduction === "sum") return reduction;
  throw new GradbookError({
    code: "config",
    what,
    got: `reduction ${JSON.stringify(reduction)}`,
    expected: '"mean" (over the batch) or "sum"',
  });
}
