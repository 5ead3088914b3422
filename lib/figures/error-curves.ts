import { GradbookError } from "../errors/error.js";
import type { JsonObject } from "../frontend/frontend.js";
import {
  type Figure,
  type FigureOptions,
  figure,
  notOneOf,
  pack,
  plain,
  type ResolvedOptions,
  resolveOptions,
  short,
} from "./figure.js";
import { belowNote, countAxis, countBelow, legendAbove, logAxis, panelGrid } from "./panels.js";

/** The four numbers of one epoch. Errors are fractions (0…1), losses are in nats; epoch 0 is the untrained network. */
export interface EpochPoint {
  /** 0 is the untrained network. */
  readonly epoch: number;
  /** Error rate on the training set, 0 … 1. */
  readonly trainError: number;
  /** Error rate on the test set, 0 … 1; NaN where there is none. */
  readonly testError: number;
  /** Mean loss on the training set, in nats. */
  readonly trainLoss: number;
  /** Mean loss on the test set, in nats; NaN where there is none. */
  readonly testLoss: number;
}

/** One training run, or several of the same configuration with different seeds. */
export interface RunCurves {
  /** The run's name in the legend. */
  readonly name: string;
  /** One history, or one for each seed: then the line is their mean and the band goes from the least to the largest. */
  readonly epochs: readonly EpochPoint[] | readonly (readonly EpochPoint[])[];
}

/** Options of `errorCurves`. */
export interface ErrorCurvesConfig extends FigureOptions {
  /** The runs to compare. */
  readonly runs: readonly RunCurves[];
  /**
   * `"single"`: all runs in one panel; `"grid"`: a panel for each run.
   * @default "grid" for more than three runs, else "single"
   */
  readonly layout?: "single" | "grid";
  /**
   * Panels in a row of a grid.
   * @default √runs rounded up, at most 4
   */
  readonly columns?: number;
  /**
   * `"error"`: error rate in percent; `"loss"`: cross-entropy in nats.
   * @default "error"
   */
  readonly yAxis?: "error" | "loss";
  /**
   * What `epoch` counts.
   * @default "epoch"
   */
  readonly xTitle?: string;
  /**
   * `"log"` for losses that fall by orders of magnitude.
   * @default "linear"
   */
  readonly yScale?: "linear" | "log";
}

const keys = ["runs", "layout", "columns", "yAxis", "yScale", "xTitle"];

interface Line {
  readonly x: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly seeds: number;
}

/**
 * Error rate (or cross-entropy) of the training and the test set after each epoch.
 *
 * In one panel a run has a colour, its training curve is dotted; in a grid each run has a panel and each set a colour.
 * Values that are not finite (a run that diverged) are left out as gaps, and the description says how many.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { errorCurves } from "gradbook";
 *
 * // what `fit` returns in `run.epochs`
 * const epochs = [0.9, 0.4, 0.2].map((error, epoch) => ({
 *   epoch,
 *   trainError: error - 0.05,
 *   testError: error,
 *   trainLoss: 2 * error,
 *   testLoss: 2.3 * error,
 * }));
 * const figure = errorCurves({ title: "SGD, batch 10", runs: [{ name: "SGD", epochs }] });
 * console.log(figure.layout.meta.description); // SGD, batch 10. Curves of the error rate over the epochs: SGD ends at 15 % (train), 20 % (test) after epoch 2.
 * ```
 */
export function errorCurves(config: ErrorCurvesConfig): Figure {
  const options = resolveOptions("errorCurves", config, keys);
  const { runs, yAxis = "error", yScale = "linear", xTitle = "epoch" } = config;
  const layout = config.layout ?? (runs.length > 3 ? "grid" : "single");
  if (runs.length === 0) throw noRuns("no runs");
  if (layout !== "single" && layout !== "grid") {
    throw notOneOf("errorCurves", "layout", layout, ["single", "grid"]);
  }
  if (yAxis !== "error" && yAxis !== "loss") throw notOneOf("errorCurves", "yAxis", yAxis, ["error", "loss"]);
  if (yScale !== "linear" && yScale !== "log") {
    throw notOneOf("errorCurves", "yScale", yScale, ["linear", "log"]);
  }
  const columns = config.columns ?? Math.min(4, Math.ceil(Math.sqrt(runs.length)));
  if (!Number.isInteger(columns) || columns < 1) {
    throw notOneOf("errorCurves", "columns", columns, ["1", "2", "3", "…"]);
  }

  const sets = ["train", "test"] as const;
  const lines = runs.map((run) => ({
    run,
    train: line(run, yAxis === "error" ? "trainError" : "trainLoss"),
    test: line(run, yAxis === "error" ? "testError" : "testLoss"),
  }));
  const single = layout === "single";
  const grid = panelGrid(options, {
    count: single ? 1 : runs.length,
    columns: single ? 1 : columns,
    panelHeight: single
      ? options.size.width * 0.48
      : Math.min(options.size.width * 0.48, (options.size.width / Math.min(columns, runs.length)) * 0.62),
    titles: single ? [""] : runs.map((r) => r.name),
    x: {
      title: { text: "" },
      rangemode: "tozero",
      ...countAxis([0, ...lines.flatMap(({ train }) => train.x)], {
        tickformat: "d",
        nticks: single ? 16 : 6,
      }),
    },
    y:
      yScale === "log"
        ? logAxis(lines.flatMap(({ train, test }) => [train.mean, test.mean]))
        : { rangemode: "tozero", nticks: 6, ...(yAxis === "error" ? { ticksuffix: " %" } : {}) },
    xTitle,
    yTitle: yAxis === "error" ? "error rate (%)" : "cross-entropy (nats)",
    legend: options.size.text * 1.6,
  });

  const data: JsonObject[] = [];
  lines.forEach(({ run, ...both }, i) => {
    sets.forEach((set, s) => {
      if (both[set].mean.every((v) => v === null)) return; // no test set
      const color = single ? seriesColor(options, i) : seriesColor(options, s);
      const place = single ? grid.at(0) : grid.at(i);
      const name = single ? `${plain(run.name)} · ${set}` : set;
      if (both[set].seeds > 1) data.push(band(both[set], color, place, `${i}`));
      data.push({
        type: "scatter",
        mode: both[set].x.length === 1 ? "markers" : "lines",
        name,
        legendgroup: single ? `${i}-${set}` : set,
        showlegend: single || i === 0,
        x: pack(both[set].x),
        y: pack(both[set].mean),
        ...place,
        line: {
          color,
          width: set === "test" ? 2 : 1.6,
          ...(single && set === "train" ? { dash: "2px,2px" } : {}),
        },
        marker: { color, size: 7, symbol: set === "test" ? "circle" : "circle-open" },
        hovertemplate: `${plain(run.name)}, ${set}: %{y:.4g}${yAxis === "error" ? " %" : ""}, ${plain(xTitle)} %{x}<extra></extra>`,
      });
    });
  });

  return figure(options, {
    data,
    layout: {
      ...grid.axes,
      annotations: grid.headings,
      margin: grid.margin,
      hovermode: "closest",
      legend: legendAbove(options, grid.height),
    },
    height: grid.height,
    description: describe(config, lines, yAxis),
  });
}

function seriesColor({ theme }: ResolvedOptions, i: number): string {
  return theme.series[i % theme.series.length];
}

function band(values: Line, color: string, place: JsonObject, group: string): JsonObject {
  const there = values.x.flatMap((x, k) => (values.low[k] === null ? [] : [{ x, k }]));
  return {
    type: "scatter",
    mode: "lines",
    x: [...there.map((p) => p.x), ...there.map((p) => p.x).reverse()],
    y: [...there.map((p) => values.high[p.k]), ...there.map((p) => values.low[p.k]).reverse()],
    fill: "toself",
    fillcolor: `${color}33`,
    line: { width: 0, color },
    hoverinfo: "skip",
    showlegend: false,
    legendgroup: group,
    ...place,
  };
}

type Quantity = "trainError" | "testError" | "trainLoss" | "testLoss";

/** Mean, least and largest over the seeds, epoch by epoch. */
function line(run: RunCurves, quantity: Quantity): Line {
  const histories = isHistories(run.epochs) ? run.epochs : [run.epochs];
  if (histories.length === 0 || histories.some((h) => h.length === 0))
    throw noRuns(`"${run.name}" has no epochs`);
  const x = histories[0].map((p) => p.epoch);
  const other = histories.find((h) => h.length !== x.length || h.some((p, k) => p.epoch !== x[k]));
  if (other !== undefined) {
    throw new GradbookError({
      code: "shape",
      what: "errorCurves",
      got: `the seeds of "${run.name}" have ${x.length} and ${other.length} epochs`,
      expected: "the same epochs for each seed",
    });
  }
  const percent = quantity.endsWith("Error");
  const at = (k: number) => histories.map((h) => value(run.name, h[k], quantity) * (percent ? 100 : 1));
  const columns = x.map((_, k) => at(k));
  return {
    x,
    mean: columns.map((c) => short(c.reduce((a, b) => a + b, 0) / c.length)),
    low: columns.map((c) => short(Math.min(...c))),
    high: columns.map((c) => short(Math.max(...c))),
    seeds: histories.length,
  };
}

function value(run: string, point: EpochPoint, quantity: Quantity): number {
  const v = point[quantity];
  if (typeof v !== "number") {
    throw new GradbookError({
      code: "shape",
      what: "errorCurves",
      got: `"${run}" has no ${quantity} in epoch ${point.epoch}`,
      expected: "a number",
    });
  }
  if (quantity.endsWith("Error") && (v < 0 || v > 1)) {
    throw new GradbookError({
      code: "range",
      what: "errorCurves",
      got: `${quantity} of "${run}" in epoch ${point.epoch} is ${v}`,
      expected: "a fraction between 0 and 1",
      cure: "Percents are divided by 100; the figure multiplies them again.",
    });
  }
  return v;
}

function isHistories(epochs: RunCurves["epochs"]): epochs is readonly (readonly EpochPoint[])[] {
  return Array.isArray(epochs[0]);
}

function noRuns(got: string): GradbookError {
  return new GradbookError({
    code: "config",
    what: "errorCurves",
    got,
    expected: "at least one run with at least one epoch",
  });
}

function describe(
  config: ErrorCurvesConfig,
  lines: readonly { readonly run: RunCurves; readonly train: Line; readonly test: Line }[],
  yAxis: "error" | "loss",
): string {
  const unit = yAxis === "error" ? " %" : " nats";
  const quantity = yAxis === "error" ? "error rate" : "cross-entropy";
  const xTitle = config.xTitle ?? "epoch";
  let [gaps, below] = [0, 0];
  const ends = lines.map(({ run, train, test }) => {
    const measured = Object.entries({ train, test }).filter(([, { mean }]) => mean.some((v) => v !== null));
    if (measured.length === 0) return `${run.name} has no finite value`;
    const last = measured.map(([set, { mean }]) => {
      gaps += mean.filter((v) => v === null).length;
      below += countBelow(mean, config.yScale);
      return `${mean[mean.length - 1] ?? "not finite"}${unit} (${set})`;
    });
    return `${run.name || "the run"} ends at ${last.join(", ")} after ${xTitle} ${test.x[test.x.length - 1]}`;
  });
  const note = gaps === 0 ? "" : ` ${gaps} values are not finite and left out.`;
  return `${config.title}. Curves of the ${quantity} over the ${xTitle}s: ${ends.join("; ")}.${note}${belowNote(below)}`;
}
