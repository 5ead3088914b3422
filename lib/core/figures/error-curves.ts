import {
  configError,
  count,
  type Given,
  type GradbookError,
  type JsonObject,
  list,
  type Option,
  object,
  oneOf,
  option,
  shapeError,
  text,
} from "@gradbook/base";
import {
  type Figure,
  type FigureOptions,
  makeFigure,
  pack,
  plain,
  type ResolvedOptions,
  resolveOptions,
  short,
} from "./figure.js";
import {
  axisLook,
  belowNote,
  countAxis,
  countBelow,
  legendAbove,
  legendHeight,
  logAxis,
  type PanelGrid,
  panelGrid,
} from "./panels.js";
import { valuesOf } from "./plotly-values.js";
import { finiteRange } from "./tiles.js";

/** The four numbers of one epoch. Errors are fractions (0…1) or RMSE, losses are in nats; epoch 0 is the untrained network. */
export interface EpochPoint {
  /** 0 is the untrained network. */
  readonly epoch: number;
  /** Error rate on the training set, 0 … 1, or its RMSE. */
  readonly trainError: number;
  /** Error rate on the test set, 0 … 1, or its RMSE; NaN where there is none. */
  readonly testError: number;
  /** Mean loss on the training set, in nats. */
  readonly trainLoss: number;
  /** Mean loss on the test set, in nats; NaN where there is none. */
  readonly testLoss: number;
  /**
   * `"RMSE"`: the errors are in the targets' unit.
   * @default the error rate
   */
  readonly measure?: "RMSE";
}

/** An epoch; its four numbers are looked at when they are drawn: a figure of losses needs no errors. */
export const epochOption = option<EpochPoint>(
  "an epoch { epoch, trainError, testError, trainLoss, testLoss }",
  (v) => (Number.isFinite(Object(v).epoch) ? (v as EpochPoint) : undefined),
);
const history = list(epochOption, "a list of epochs");
type Histories = readonly EpochPoint[] | readonly (readonly EpochPoint[])[];

const runCurves = {
  /** The run's name in the legend. */
  name: text(),
  /** One history, or one for each seed: then the line is their mean and the band goes from the least to the largest. */
  epochs: option<Histories>("a list of epochs, or one for each seed", (v, what, name) => {
    const kind: Option<unknown, Histories> =
      Array.isArray(v) && Array.isArray(v[0]) ? list(history) : history;
    return kind.parse(v, what, name);
  }),
};
/** One training run, or several of the same configuration with different seeds. */
export type RunCurves = Given<typeof runCurves>;

const errorCurvesOptions = {
  /** The runs to compare. */
  runs: list(object(runCurves), "a list of runs"),
  /**
   * `"single"`: all runs in one panel; `"grid"`: a panel for each run.
   * @default "grid" for more than three runs, else "single"
   */
  layout: oneOf("single", "grid").optional(),
  /**
   * Panels in a row of a grid.
   * @default √runs rounded up, at most 4
   */
  columns: count().optional(),
  /**
   * `"error"`: error rate in percent, or the RMSE of runs on numbers; `"loss"`: the loss, cross-entropy in nats.
   * @default "error"
   */
  yAxis: oneOf("error", "loss").or("error"),
  /**
   * `"log"` for losses that fall by orders of magnitude.
   * @default "linear"
   */
  yScale: oneOf("linear", "log").or("linear"),
  /**
   * `"own"`: each panel of a grid runs from its own least to its own largest value, where runs differ by orders of magnitude.
   * @default "shared"
   */
  ranges: oneOf("shared", "own").or("shared"),
  /**
   * Epochs (first and last) that an inset in the upper right corner shows again, larger, where curves lie close
   * together; for a single panel.
   * @default none
   */
  zoom: option<readonly [first: number, last: number]>("[first, last] with first < last", (v) =>
    Array.isArray(v) && v.length === 2 && Number.isFinite(v[0]) && Number.isFinite(v[1]) && v[0] < v[1]
      ? [v[0], v[1]]
      : undefined,
  ).optional(),
  /**
   * What `epoch` counts.
   * @default "epoch"
   */
  xTitle: text().or("epoch"),
};
/**
 * Options of `errorCurves`.
 * @interface
 */
export type ErrorCurvesConfig = FigureOptions & Given<typeof errorCurvesOptions>;

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
 * In one panel a run has a colour, in a grid a panel, and each set a colour; training curves are dashed.
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
  const { options, runs, yAxis, yScale, xTitle, ranges, zoom, ...given } = resolveOptions(
    "errorCurves",
    errorCurvesOptions,
    config,
  );
  if (runs.length === 0) throw noRuns("no runs");
  const { layout = runs.length > 3 ? "grid" : "single" } = given;
  const { columns = Math.min(4, Math.ceil(Math.sqrt(runs.length))) } = given;

  if (zoom !== undefined && layout === "grid")
    throw configError("errorCurves", "a zoom in a grid", 'layout: "single"', 'A grid has ranges: "own".');

  const quantity = quantityOf(runs, yAxis);
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
        : { rangemode: "tozero", nticks: 6, ...(quantity.unit === " %" ? { ticksuffix: " %" } : {}) },
    xTitle,
    yTitle: quantity.title,
    legend: legendHeight(
      options,
      (single ? runs : [{ name: "" }]).flatMap(({ name }) =>
        sets.map((set) => (single ? `${name} · ${set}` : set)),
      ),
    ),
    ownY: ranges === "own",
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
          ...(set === "train" ? { dash: "2px,2px" } : {}),
        },
        marker: { color, size: 7, symbol: set === "test" ? "circle" : "circle-open" },
        hovertemplate: `${plain(run.name)}, ${set}: %{y:.4g}${quantity.unit === " %" ? " %" : ""}, ${plain(xTitle)} %{x}<extra></extra>`,
      });
    });
  });

  const zoomed = zoom === undefined ? undefined : inset(options, grid, data, zoom, yScale);
  return makeFigure(options, {
    data: zoomed === undefined ? data : [...data, ...zoomed.data],
    layout: {
      ...grid.axes,
      ...zoomed?.layout,
      annotations: grid.headings,
      margin: grid.margin,
      hovermode: "closest",
      legend: legendAbove(options, grid.height),
    },
    height: grid.height,
    description: describe(config, lines, quantity) + (zoomed?.words ?? ""),
  });
}

function seriesColor({ theme }: ResolvedOptions, i: number): string {
  return theme.series[i % theme.series.length];
}

/** The stretch of the curves between two epochs once more, on axes of its own, and a frame where it comes from. */
function inset(
  options: ResolvedOptions,
  grid: PanelGrid,
  data: readonly JsonObject[],
  [first, last]: readonly [number, number],
  yScale: "linear" | "log",
) {
  const within = data.flatMap(({ x, y }) => {
    const at = valuesOf(x);
    return valuesOf(y).filter((v, k): v is number => {
      const there = typeof v === "number" && (yScale === "linear" || v > 0);
      return there && Number(at[k]) >= first && Number(at[k]) <= last;
    });
  });
  if (within.length === 0)
    throw configError("errorCurves", `a zoom into ${first} … ${last}`, "epochs with finite values");
  const scale = yScale === "log" ? Math.log10 : (v: number) => v;
  const { low, high } = finiteRange([within.map(scale)]);
  const room = (high - low || 1) * 0.08;
  const [bottom, top] = [low - room, high + room].map((v) => short(yScale === "log" ? 10 ** v : v));
  const axis = { ...axisLook(options), mirror: true, tickfont: { size: options.size.text * 0.9 } };
  const { title: _x, matches: _m, ...x } = grid.axes.xaxis as JsonObject;
  const { title: _y, ...y } = grid.axes.yaxis as JsonObject;
  const frame = { x0: first, x1: last, y0: bottom, y1: top };
  return {
    data: data.map((trace) => ({ ...trace, xaxis: "x2", yaxis: "y2", showlegend: false })),
    layout: {
      xaxis2: { ...x, ...axis, nticks: 5, domain: [0.5, 0.985], anchor: "y2", range: [first, last] },
      yaxis2: {
        ...y,
        ...axis,
        nticks: 5,
        domain: [0.48, 0.965],
        anchor: "x2",
        range: [short(low - room), short(high + room)],
      },
      shapes: [{ type: "rect", ...frame, line: { color: options.theme.muted, width: 1 } }],
    },
    words: ` An inset shows ${first} to ${last} again, from ${bottom} to ${top}.`,
  };
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

/** What the vertical axis shows. */
interface Shown {
  readonly title: string;
  readonly name: string;
  readonly unit: string;
}

/** @throws GradbookError when some runs have error rates and others RMSE: they have no axis in common */
function quantityOf(runs: readonly RunCurves[], yAxis: "error" | "loss"): Shown {
  const points = runs.flatMap(({ epochs }) => (isHistories(epochs) ? epochs.flat() : epochs));
  const onNumbers = points.filter(({ measure }) => measure === "RMSE").length;
  if (yAxis === "loss")
    return onNumbers === 0
      ? { title: "cross-entropy (nats)", name: "cross-entropy", unit: " nats" }
      : { title: "loss", name: "loss", unit: "" };
  if (onNumbers === 0) return { title: "error rate (%)", name: "error rate", unit: " %" };
  if (onNumbers === points.length) return { title: "RMSE", name: "RMSE", unit: "" };
  throw configError(
    "errorCurves",
    "error rates of some runs and RMSE of others",
    "one of them",
    "Draw a figure for each.",
  );
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
    throw shapeError(
      "errorCurves",
      `the seeds of "${run.name}" have ${x.length} and ${other.length} epochs`,
      "the same epochs for each seed",
    );
  }
  const percent =
    quantity.endsWith("Error") && histories.every((h) => h.every((p) => p.measure === undefined));
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
    throw shapeError("errorCurves", `"${run}" has no ${quantity} in epoch ${point.epoch}`, "a number");
  }
  if (quantity.endsWith("Error") && point.measure === undefined && (v < 0 || v > 1)) {
    throw configError(
      "errorCurves",
      `${quantity} of "${run}" in epoch ${point.epoch} is ${v}`,
      "a fraction between 0 and 1",
      "Percents are divided by 100; the figure multiplies them again.",
    );
  }
  return v;
}

function isHistories(epochs: RunCurves["epochs"]): epochs is readonly (readonly EpochPoint[])[] {
  return Array.isArray(epochs[0]);
}

function noRuns(got: string): GradbookError {
  return configError("errorCurves", got, "at least one run with at least one epoch");
}

function describe(
  config: ErrorCurvesConfig,
  lines: readonly { readonly run: RunCurves; readonly train: Line; readonly test: Line }[],
  { unit, name }: Shown,
): string {
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
  return `${config.title}. Curves of the ${name} over the ${xTitle}s: ${ends.join("; ")}.${note}${belowNote(below)}`;
}
