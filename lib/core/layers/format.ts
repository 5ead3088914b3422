import type { Pair } from "@gradbook/base";

/** `5×5`, `3×2`: sizes as they stand in summaries. */
export function formatPair([h, w]: Pair): string {
  return `${h}×${w}`;
}

/** `, pad 2`, or nothing when both are the default. */
export function formatOption(label: string, [h, w]: Pair, usual: number): string {
  if (h === usual && w === usual) return "";
  return h === w ? `, ${label} ${h}` : `, ${label} ${h}×${w}`;
}
