import { configError, inWords } from "@gradbook/base";

/**
 * What a setting may hold: it becomes a cell of the table, and part of the address of a result.
 * @inline
 */
export type SettingValue = string | number | boolean;

/** One combination, e.g. `{ lr: 0.1, activation: "tanh" }`. */
export type Setting = Readonly<Record<string, SettingValue>>;

/** The values of each axis: every combination is run. */
export type Grid = Readonly<Record<string, readonly SettingValue[]>>;

/** The setting that a grid makes: `{ lr: readonly number[] }` → `{ lr: number }`. */
export type SettingOf<G extends Grid> = { readonly [K in keyof G]: G[K][number] };

/**
 * Every combination of a grid's values; the last axis changes fastest, as in nested loops.
 * @throws GradbookError for an axis without values, a value twice, or one that is no plain value
 */
export function settingsOf<G extends Grid>(grid: G): SettingOf<G>[] {
  const axes = Object.entries(grid);
  for (const [axis, values] of axes) checkAxis(axis, values);
  let settings: Record<string, SettingValue>[] = [{}];
  for (const [axis, values] of axes) {
    settings = settings.flatMap((setting) => values.map((value) => ({ ...setting, [axis]: value })));
  }
  return settings as SettingOf<G>[];
}

function checkAxis(axis: string, values: unknown): void {
  const what = `sweep: grid.${axis}`;
  if (axis === "seed")
    throw configError(
      what,
      "an axis called seed",
      "another name",
      "Seeds have their own key: seeds: [1, 2, 3].",
    );
  if (!Array.isArray(values) || values.length === 0) {
    throw configError(
      what,
      Array.isArray(values) ? "no values" : inWords(values),
      "a list of at least one value",
    );
  }
  for (const [i, value] of values.entries()) {
    const plain =
      typeof value === "string" ||
      typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value));
    if (!plain) {
      throw configError(
        what,
        `${inWords(value)} at place ${i}`,
        "strings, finite numbers or booleans",
        "Name a function or an object by a string, and look it up in run.",
      );
    }
    if (values.indexOf(value) !== i)
      throw configError(what, `${JSON.stringify(value)} twice`, "each value once");
  }
}
