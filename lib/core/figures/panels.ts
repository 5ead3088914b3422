import type { JsonObject } from "@gradbook/base";
import { plain, type ResolvedOptions } from "./figure.js";

/** Small multiples: the same axes again and again, in rows and columns. */
export interface PanelGrid {
  readonly rows: number;
  readonly columns: number;
  /** Axis records (`xaxis`, `yaxis`, `xaxis2`, …) to be spread into the layout. */
  readonly axes: JsonObject;
  /** Annotations: the panels' headings. */
  readonly headings: readonly JsonObject[];
  readonly height: number;
  readonly margin: JsonObject;
  /** Plotly's axis names of panel `i` (row by row from the top). */
  readonly at: (i: number) => { readonly xaxis: string; readonly yaxis: string };
}

/** A logarithmic axis: a tick for each power of ten, and where there is hardly one in sight also for 2 and 5 times it. */
export function logAxis(values: Iterable<ArrayLike<number | null>>): JsonObject {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const some of values) {
    for (let i = 0; i < some.length; i++) {
      const v = some[i] ?? 0;
      if (!(v > 0 && v < Number.POSITIVE_INFINITY)) continue;
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  }
  return { type: "log", dtick: high < 100 * low ? "D2" : 1, exponentformat: "power" };
}

/** How many values have no place on the scale: zeros and negatives on a logarithmic one. */
export function countBelow(values: readonly (number | null)[], scale: "linear" | "log" = "linear"): number {
  return scale === "log" ? values.filter((v) => v !== null && v <= 0).length : 0;
}

/** What a description says of them, after its last sentence. */
export function belowNote(count: number): string {
  return count === 0 ? "" : ` ${count} values are not above 0 and have no place on the logarithmic axis.`;
}

/**
 * An axis that counts epochs or steps. Over a short stretch Plotly would put ticks between the counts too and round
 * their labels (0 0 1 1 2), so there each count has a tick; between values that are not whole the labels stay as they are.
 * @param counts every value drawn, and 0 when the axis starts there
 */
export function countAxis(
  counts: Iterable<number>,
  look: { readonly nticks: number; readonly tickformat: string },
): JsonObject {
  let [low, high, whole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (const count of counts) {
    low = Math.min(low, count);
    high = Math.max(high, count);
    whole &&= Number.isInteger(count);
  }
  if (high - low >= look.nticks / 2) return look;
  return whole ? { tickformat: look.tickformat, dtick: 1 } : { nticks: look.nticks };
}

/**
 * Lays out `count` panels. Only the left column and the lowest panel of each column carry tick labels, and the
 * axes of all panels move together, because small multiples are made for comparing.
 */
export function panelGrid(
  options: ResolvedOptions,
  grid: {
    readonly count: number;
    readonly columns: number;
    readonly panelHeight: number;
    readonly titles: readonly string[];
    readonly x: JsonObject;
    readonly y: JsonObject;
    readonly xTitle: string;
    readonly yTitle: string;
    /** Pixels kept free at the top for a legend. Default 0. */
    readonly legend?: number;
    /** Each panel has a scale of its own, with tick labels. Default: one scale for all. */
    readonly ownY?: boolean;
    /** Likewise for the x axes. */
    readonly ownX?: boolean;
  },
): PanelGrid {
  const { size, theme } = options;
  const columns = Math.min(grid.columns, grid.count);
  const rows = Math.ceil(grid.count / columns);
  const margin = {
    l: size.text * 4.6,
    r: 12,
    t: options.top + (grid.legend ?? 0) + size.text * 1.4,
    b: size.text * 3.8,
  };
  const ownY = grid.ownY === true && columns > 1;
  const gapX = size.text * (ownY ? 4 : 1.5);
  const gapY = size.text * (grid.ownX === true ? 3.4 : 2.1);
  const inner = {
    width: size.width - margin.l - margin.r,
    height: rows * grid.panelHeight + (rows - 1) * gapY,
  };
  const panelWidth = (inner.width - (columns - 1) * gapX) / columns;

  const axes: Record<string, JsonObject> = {};
  const headings: JsonObject[] = [];
  for (let i = 0; i < grid.count; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const left = (column * (panelWidth + gapX)) / inner.width;
    const bottom = 1 - (row * (grid.panelHeight + gapY) + grid.panelHeight) / inner.height;
    const right = left + panelWidth / inner.width;
    const top = bottom + grid.panelHeight / inner.height;
    const n = i === 0 ? "" : String(i + 1);
    const lowest = i + columns >= grid.count;
    const link: JsonObject = i === 0 || grid.ownX === true ? {} : { matches: "x" };
    const linkY: JsonObject = i === 0 || ownY ? {} : { matches: "y" };
    axes[`xaxis${n}`] = {
      ...axisLook(options),
      ...grid.x,
      ...link,
      domain: [fraction(left), fraction(right)],
      anchor: `y${n}`,
      showticklabels: lowest || grid.ownX === true,
    };
    axes[`yaxis${n}`] = {
      ...axisLook(options),
      ...grid.y,
      ...linkY,
      domain: [fraction(bottom), fraction(top)],
      anchor: `x${n}`,
      showticklabels: column === 0 || ownY,
    };
    headings.push({
      text: plain(grid.titles[i]),
      x: fraction(left),
      y: fraction(top),
      xref: "paper",
      yref: "paper",
      xanchor: "left",
      yanchor: "bottom",
      showarrow: false,
      font: { size: size.text, color: theme.text, weight: 600 },
    });
  }
  headings.push(
    { ...axisTitle(options, grid.xTitle), x: 0.5, y: 0, yanchor: "top", yshift: -size.text * 1.9 },
    {
      ...axisTitle(options, grid.yTitle),
      x: 0,
      y: 0.5,
      textangle: -90,
      xanchor: "right",
      xshift: -size.text * 2.8,
    },
  );
  return {
    rows,
    columns,
    axes,
    headings,
    height: Math.round(inner.height + margin.t + margin.b),
    margin,
    at: (i) => ({ xaxis: `x${i === 0 ? "" : i + 1}`, yaxis: `y${i === 0 ? "" : i + 1}` }),
  };
}

/** Pixels that the legend takes under the title, by the lines that its names need side by side. */
export function legendHeight({ size }: ResolvedOptions, names: readonly string[]): number {
  const room = size.width - size.text * 5.6;
  let [lines, used] = [1, 0];
  for (const name of names) {
    const width = 46 + name.length * size.text * 0.5;
    if (used > 0 && used + width > room) [lines, used] = [lines + 1, 0];
    used += width;
  }
  return size.text * 1.6 * lines;
}

/** The legend in one line under the title. */
export function legendAbove({ size, top }: ResolvedOptions, height: number): JsonObject {
  return {
    orientation: "h",
    x: 0,
    xref: "paper",
    xanchor: "left",
    y: 1 - (top - 6) / height,
    yref: "container",
    yanchor: "top",
    font: { size: size.text },
    itemwidth: 30,
    tracegroupgap: 0,
  };
}

/** Thin grid lines, ticks outside, no box. */
export function axisLook({ theme }: ResolvedOptions): JsonObject {
  return {
    gridcolor: theme.grid,
    zeroline: false,
    linecolor: theme.line,
    showline: true,
    ticks: "outside",
    ticklen: 4,
    tickcolor: theme.line,
    automargin: false,
  };
}

function axisTitle({ theme, size }: ResolvedOptions, text: string): JsonObject {
  return {
    text: plain(text),
    xref: "paper",
    yref: "paper",
    showarrow: false,
    font: { size: size.text, color: theme.muted },
  };
}

/** Domains with six digits: enough for a hundredth of a pixel, and free of rounding noise in the JSON. */
function fraction(value: number): number {
  return Math.min(1, Math.max(0, Number(value.toFixed(6))));
}
