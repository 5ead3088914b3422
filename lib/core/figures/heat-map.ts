import { type Given, list, oneOf, option, shapeError, text } from "@gradbook/base";
import {
  digitsOption,
  type Figure,
  type FigureOptions,
  makeFigure,
  plain,
  type ResolvedOptions,
  resolveOptions,
  short,
} from "./figure.js";
import { axisLook } from "./panels.js";
import { inkOn } from "./theme.js";
import { colorBar, finiteRange } from "./tiles.js";

/** A string or a number. */
export const gridLabel = () =>
  option<string | number>("a string or a number", (v) =>
    typeof v === "string" || typeof v === "number" ? v : undefined,
  );

const gridValue = option<number | null>("a number or null", (v) =>
  typeof v === "number" || v === null ? v : undefined,
);

/** `values[row][column]`; null or NaN for what is not there. */
export const gridValues = () => list(list(gridValue, "a row of numbers"), "a list of rows of numbers");

const heatMapOptions = {
  /** Names of the columns. */
  columns: list(gridLabel()),
  /** Names of the rows. */
  rows: list(gridLabel()),
  /** `values[row][column]`; null or NaN for what is not there, shown as "–". */
  values: gridValues(),
  /** What a value is, with its unit; written at the colour bar. */
  quantity: text(),
  /**
   * Title of the columns.
   * @default ""
   */
  columnTitle: text().or(""),
  /**
   * Title of the rows.
   * @default ""
   */
  rowTitle: text().or(""),
  /**
   * Digits after the point of the numbers in the cells.
   * @default three significant digits
   */
  digits: digitsOption().optional(),
  /**
   * `"sequential"`: the larger, the darker; `"diverging"`: blue–white–red around 0, for differences and correlations.
   * @default "sequential"
   */
  scale: oneOf("sequential", "diverging").or("sequential"),
};
/**
 * Options of `heatMap`.
 * @interface
 */
export type HeatMapConfig = FigureOptions & Given<typeof heatMapOptions>;

/**
 * A matrix as colours with its numbers in the cells (where they fit) and a colour bar.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { heatMap } from "gradbook";
 *
 * const figure = heatMap({
 *   title: "Correlation of the first filters",
 *   columns: ["a", "b"],
 *   rows: ["a", "b"],
 *   values: [[1, -0.4], [-0.4, 1]],
 *   quantity: "correlation",
 *   scale: "diverging",
 * });
 * console.log(figure.layout.meta.description); // Correlation of the first filters. correlation for 2 × 2 cells, from -0.4 to 1.
 * ```
 */
export function heatMap(config: HeatMapConfig): Figure {
  const { options, scale, ...grid } = resolveOptions("heatMap", heatMapOptions, config);
  return drawGrid("heatMap", options, { ...grid, signed: scale === "diverging" });
}

/** What stands in a grid of values. */
interface Grid {
  readonly columns: readonly (string | number)[];
  readonly rows: readonly (string | number)[];
  readonly values: readonly (readonly (number | null)[])[];
  readonly quantity: string;
  readonly columnTitle: string;
  readonly rowTitle?: string;
  readonly digits?: number;
  /** Which end is good: its value has a frame, and no colour bar is needed. */
  readonly best?: "min" | "max";
  /** Blue–white–red around 0. */
  readonly signed?: boolean;
}

/** @param what the function that was called, for errors */
export function drawGrid(what: string, options: ResolvedOptions, grid: Grid): Figure {
  const { columns, rows, values, quantity, best, columnTitle, rowTitle = "", signed = false } = grid;
  if (rows.length === 0 || columns.length === 0)
    throw shapeError(what, "an empty grid", "at least one row and one column");
  if (values.length !== rows.length)
    throw shapeError(what, `${values.length} lines of values for ${rows.length} rows`, "one for each");
  values.forEach((line, r) => {
    if (line.length !== columns.length)
      throw shapeError(what, `${line.length} values in row ${r}`, `${columns.length}`);
  });

  const { size, theme } = options;
  const z = values.map((line) => line.map((v) => (v === null ? null : short(v))));
  const all = z.flat().filter((v): v is number => v !== null);
  const found = finiteRange([all]);
  const limit = Math.max(-found.low, found.high);
  const range = signed ? { low: -limit, high: limit } : found;
  const written = (v: number) =>
    (grid.digits === undefined ? String(Number(v.toPrecision(3))) : v.toFixed(grid.digits)).replace("-", "−");
  const ramp = signed ? theme.diverging : theme.sequential;
  const span = range.high - range.low || 1;
  const shareOf = (v: number) => (best === "min" ? range.low + span - v : v - range.low) / span;
  const top = best === undefined ? undefined : best === "min" ? found.low : found.high;
  const longest = Math.max(...rows.map((row) => String(row).length));
  const margin = {
    l: size.text * (1.5 + 0.52 * longest + (rowTitle === "" ? 0 : 1.7)),
    // A colour bar where no best value says what a colour means.
    r: best === undefined ? size.text * 6 : 16,
    t: options.top,
    b: size.text * (columnTitle === "" && best === undefined ? 2.4 : 4),
  };
  const width = Math.min(size.text * 8, (size.width - margin.l - margin.r) / columns.length);
  const widest = Math.max(...all.map((v) => written(v).length), 1);
  // Numbers that would not fit into their cells are left to the hover text, and the cells may be as low as narrow.
  const fits = widest * size.text * 0.52 + 4 <= width;
  const cell = { width, height: fits ? size.text * 2.3 : Math.min(width, size.text * 2.3) };
  const inner = { width: cell.width * columns.length, height: cell.height * rows.length };
  // Of many rows or columns every so many is named.
  const every = (labels: readonly (string | number)[], step: number) =>
    labels.flatMap((label, i) => (i % Math.max(1, Math.ceil(step)) === 0 ? [{ label, i }] : []));
  const named = {
    rows: every(rows, (size.text * 1.25) / cell.height),
    columns:
      columns.length <= 12
        ? every(columns, 1)
        : every(
            columns,
            ((Math.max(...columns.map((c) => String(c).length)) + 1) * size.text * 0.55) / cell.width,
          ),
  };
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
  const missing = values.flat().length - all.length;
  return makeFigure(options, {
    data: [
      {
        type: "heatmap",
        z,
        hovertemplate: `%{y}, %{x}: %{z}<extra>${plain(quantity)}</extra>`,
        hoverongaps: false,
        zmin: range.low,
        zmax: range.low + span,
        colorscale: ramp,
        reversescale: best === "min",
        ...(best === undefined
          ? { showscale: true, colorbar: colorBar(options, quantity, Math.max(inner.height, 60)) }
          : { showscale: false }),
        xgap: 1,
        ygap: 1,
      },
    ],
    layout: {
      xaxis: {
        ...axis,
        range: [-0.5, columns.length - 0.5],
        tickvals: named.columns.map(({ i }) => i),
        ticktext: named.columns.map(({ label }) => plain(String(label))),
        title: {
          text: plain(best === undefined ? columnTitle : `${columnTitle} (cells: ${quantity})`),
          standoff: 6,
          font: { size: size.text, color: theme.muted },
        },
      },
      yaxis: {
        ...axis,
        range: [rows.length - 0.5, -0.5],
        tickvals: named.rows.map(({ i }) => i),
        ticktext: named.rows.map(({ label }) => plain(String(label))),
        ...(rowTitle === ""
          ? {}
          : { title: { text: plain(rowTitle), standoff: 6, font: { size: size.text, color: theme.muted } } }),
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
      annotations: fits
        ? z.flatMap((line, r) =>
            line.map((v, c) => ({
              x: c,
              y: r,
              text: v === null ? "–" : written(v),
              showarrow: false,
              font: { size: size.text, color: v === null ? theme.muted : inkOn(ramp, shareOf(v)) },
            })),
          )
        : [],
      margin: { ...margin, r: size.width - margin.l - inner.width },
    },
    height,
    description:
      `${options.title}. ${quantity} for ${rows.length} × ${columns.length} ${best === undefined ? "cells" : "settings"}` +
      `${all.length === 0 ? "" : `, from ${short(found.low)} to ${short(found.high)}`}` +
      `${winner === undefined ? "" : `; the best is ${rows[winner.r]} at ${columns[winner.c]}`}.` +
      `${missing === 0 ? "" : ` ${missing} ${best === undefined ? "have no number" : "did not end with a number"}.`}`,
  });
}
