import { type Given, list, oneOf, option, shapeError, text } from "@gradbook/base";
import {
  digitsOption,
  type Figure,
  type FigureOptions,
  figure,
  plain,
  resolveOptions,
  short,
} from "./figure.js";
import { axisLook } from "./panels.js";
import { finiteRange } from "./tiles.js";

/** A string or a number. */
const label = () =>
  option<string | number>("a string or a number", (v) =>
    typeof v === "string" || typeof v === "number" ? v : undefined,
  );

const cell = option<number | null>("a number or null", (v) =>
  typeof v === "number" || v === null ? v : undefined,
);

const rateGridOptions = {
  /** Columns, usually learning rates. */
  columns: list(label()),
  /** Rows, e.g. `"tanh, cross-entropy"`. */
  rows: list(label()),
  /** `values[row][column]`; null or NaN for a run that diverged, shown as "–". */
  values: list(list(cell, "a row of numbers"), "a list of rows of numbers"),
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
  const { options, columns, rows, values, quantity, columnTitle, digits, best } = resolveOptions(
    "rateGrid",
    rateGridOptions,
    config,
  );
  if (rows.length === 0 || columns.length === 0)
    throw shapeError("rateGrid", "an empty grid", "at least one row and one column");
  if (values.length !== rows.length)
    throw shapeError("rateGrid", `${values.length} lines of values for ${rows.length} rows`, "one for each");
  values.forEach((line, r) => {
    if (line.length !== columns.length)
      throw shapeError("rateGrid", `${line.length} values in row ${r}`, `${columns.length}`);
  });

  const { size, theme } = options;
  const z = values.map((line) => line.map((v) => (v === null ? null : short(v))));
  const all = z.flat().filter((v): v is number => v !== null);
  const range = finiteRange([all]);
  const top = best === "min" ? range.low : range.high;
  const longest = Math.max(...rows.map((row) => String(row).length));
  const margin = { l: size.text * (1.5 + 0.52 * longest), r: 16, t: options.top, b: size.text * 4 };
  const cell = {
    width: Math.min(size.text * 8, (size.width - margin.l - margin.r) / columns.length),
    height: size.text * 2.3,
  };
  const inner = { width: cell.width * columns.length, height: cell.height * rows.length };
  const height = Math.round(inner.height + margin.t + margin.b);
  const axis = {
    ...axisLook(options),
    showgrid: false,
    showline: false,
    ticks: "",
    ticklabelstandoff: 4,
    tickmode: "array",
  };
  const winner = z.flatMap((line, r) => line.flatMap((v, c) => (v === top ? [{ r, c }] : [])))[0];
  const diverged = values.flat().length - all.length;
  return figure(options, {
    data: [
      {
        type: "heatmap",
        z,
        text: z.map((line) => line.map((v) => (v === null ? "–" : v.toFixed(digits)))),
        texttemplate: "%{text}",
        hovertemplate: `%{y}, %{x}: %{z}<extra>${plain(quantity)}</extra>`,
        hoverongaps: false,
        zmin: range.low,
        zmax: range.low === range.high ? range.low + 1 : range.high,
        colorscale: theme.sequential,
        reversescale: best === "min",
        showscale: false,
        xgap: 1,
        ygap: 1,
      },
    ],
    layout: {
      xaxis: {
        ...axis,
        range: [-0.5, columns.length - 0.5],
        tickvals: columns.map((_, c) => c),
        ticktext: columns.map((c) => plain(String(c))),
        title: {
          text: plain(`${columnTitle} (cells: ${quantity})`),
          standoff: 6,
          font: { size: size.text, color: theme.muted },
        },
      },
      yaxis: {
        ...axis,
        range: [rows.length - 0.5, -0.5],
        tickvals: rows.map((_, r) => r),
        ticktext: rows.map((r) => plain(String(r))),
      },
      shapes:
        winner === undefined
          ? []
          : [
              {
                type: "rect",
                x0: winner.c - 0.5,
                x1: winner.c + 0.5,
                y0: winner.r - 0.5,
                y1: winner.r + 0.5,
                line: { color: theme.series[1], width: 2.5 },
              },
            ],
      // heatmap text does not stand in empty cells
      annotations: z.flatMap((line, r) =>
        line.flatMap((v, c) =>
          v === null ? [{ x: c, y: r, text: "–", showarrow: false, font: { color: theme.muted } }] : [],
        ),
      ),
      margin: { ...margin, r: size.width - margin.l - inner.width },
    },
    height,
    description:
      `${config.title}. ${quantity} for ${rows.length} × ${columns.length} settings` +
      `${all.length === 0 ? "" : `, from ${short(range.low)} to ${short(range.high)}`}` +
      `${winner === undefined ? "" : `; the best is ${rows[winner.r]} at ${columns[winner.c]}`}.` +
      `${diverged === 0 ? "" : ` ${diverged} did not end with a number.`}`,
  });
}
