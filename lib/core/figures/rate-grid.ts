import { type Given, list, oneOf, text } from "@gradbook/base";
import { digitsOption, type Figure, type FigureOptions, resolveOptions } from "./figure.js";
import { drawGrid, gridLabel, gridValues } from "./heat-map.js";

const rateGridOptions = {
  /** Columns, usually learning rates. */
  columns: list(gridLabel()),
  /** Rows, e.g. `"tanh, cross-entropy"`. */
  rows: list(gridLabel()),
  /** `values[row][column]`; null or NaN for a run that diverged, shown as "–". */
  values: gridValues(),
  /** What a value is, with its unit, e.g. `"test error (%)"`. */
  quantity: text(),
  /**
   * Title of the columns.
   * @default "learning rate"
   */
  columnTitle: text().or("learning rate"),
  /**
   * Digits after the point.
   * @default 1
   */
  digits: digitsOption().or(1),
  /**
   * Which end of the scale is good, and dark.
   * @default "min"
   */
  best: oneOf("min", "max").or("min"),
};
/**
 * Options of `rateGrid`.
 * @interface
 */
export type RateGridConfig = FigureOptions & Given<typeof rateGridOptions>;

/**
 * A grid of results: learning rates across, everything else down; the better, the darker; the best has a frame.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { rateGrid } from "gradbook";
 *
 * const figure = rateGrid({
 *   title: "LeNet: learning rate × activation",
 *   columns: [0.1, 0.01],
 *   rows: ["sigmoid", "tanh"],
 *   values: [[90, 62.1], [null, 44.8]], // null: diverged
 *   quantity: "test error (%)",
 * });
 * console.log(figure.layout.meta.description.includes("44.8")); // true
 * ```
 */
export function rateGrid(config: RateGridConfig): Figure {
  const { options, ...grid } = resolveOptions("rateGrid", rateGridOptions, config);
  return drawGrid("rateGrid", options, grid);
}
