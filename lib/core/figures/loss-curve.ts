import { configError, type Given, type JsonObject, list, numbers, object, oneOf, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, pack, plain, resolveOptions, short } from "./figure.js";
import { belowNote, countAxis, countBelow, legendAbove, legendHeight, logAxis, panelGrid } from "./panels.js";

const stepLosses = {
  /** The run's name in the legend. */
  name: text(),
  /** In the loss's own unit; nats for cross-entropy. Step 1 is the first. */
  losses: numbers("the loss of each step"),
};
/** The loss of every step of one run. */
export type StepLosses = Given<typeof stepLosses>;

const lossCurveOptions = {
  /** The runs to compare. */
  runs: list(object(stepLosses), "a list of runs"),
  /**
   * `"log"` for losses that fall by orders of magnitude.
   * @default "linear"
   */
  yScale: oneOf("linear", "log").or("linear"),
  /**
   * What a value is, with its unit.
   * @default "loss of the mini-batch (nats)"
   */
  quantity: text().or("loss of the mini-batch (nats)"),
};
/**
 * Options of `lossCurve`.
 * @interface
 */
export type LossCurveConfig = FigureOptions & Given<typeof lossCurveOptions>;

/** As many stretches as the width of a figure can show. */
const stretches = 400;

/**
 * Loss per iteration. Mini-batch losses are noise around a trend, so each run is drawn as the mean of a stretch of
 * steps, in a band from the least to the largest loss of the stretch; 100,000 steps cost no more than 400.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { lossCurve } from "gradbook";
 *
 * // what `fit` returns in `run.stepLosses`
 * const losses = Array.from({ length: 1000 }, (_, step) => 2.3 / (1 + step / 100));
 * const figure = lossCurve({ title: "Loss of each step", runs: [{ name: "batch 10", losses }] });
 * console.log(figure.layout.meta.description); // Loss of each step. Loss of each of 1000 steps: batch 10 goes from 2.2774 to 0.20928.
 * ```
 */
export function lossCurve(config: LossCurveConfig): Figure {
  const { options, runs, yScale, quantity } = resolveOptions("lossCurve", lossCurveOptions, config);
  if (runs.length === 0 || runs.some((run) => run.losses.length === 0)) {
    throw configError(
      "lossCurve",
      runs.length === 0 ? "no runs" : "a run without steps",
      "at least one run with at least one step",
    );
  }
  const longest = Math.max(...runs.map((run) => run.losses.length));
  const width = Math.ceil(longest / stretches);
  const grid = panelGrid(options, {
    count: 1,
    columns: 1,
    panelHeight: options.size.width * 0.46,
    titles: [""],
    x: { rangemode: "tozero", ...countAxis([0, longest], { nticks: 8, tickformat: ",d" }) },
    y: yScale === "log" ? logAxis(runs.map((run) => run.losses)) : { rangemode: "tozero", nticks: 6 },
    xTitle: width === 1 ? "step" : `step (each point: ${width} steps)`,
    yTitle: quantity,
    legend: legendHeight(
      options,
      runs.map(({ name }) => name),
    ),
  });

  const data: JsonObject[] = [];
  let [notFinite, below] = [0, 0];
  runs.forEach((run, i) => {
    const color = options.theme.series[i % options.theme.series.length];
    const line = summary(run.losses, width);
    notFinite += line.notFinite;
    below += countBelow(line.mean, yScale);
    const shared = { type: "scatter", mode: "lines", legendgroup: String(i), ...grid.at(0) };
    if (width > 1) {
      data.push({
        ...shared,
        x: pack([...line.x, ...[...line.x].reverse()]),
        y: pack([...line.high, ...[...line.low].reverse()]),
        fill: "toself",
        fillcolor: `${color}2e`,
        line: { width: 0, color },
        hoverinfo: "skip",
        showlegend: false,
      });
    }
    data.push({
      ...shared,
      mode: line.x.length === 1 ? "markers" : "lines",
      name: plain(run.name),
      x: pack(line.x),
      y: pack(line.mean),
      line: { color, width: 1.6 },
      marker: { color, size: 7 },
      hovertemplate: `${plain(run.name)}, step %{x}: %{y:.4g}<extra></extra>`,
    });
  });
  const note = notFinite === 0 ? "" : ` ${notFinite} losses are not finite and left out.`;
  return makeFigure(options, {
    data,
    layout: {
      ...grid.axes,
      annotations: grid.headings,
      margin: grid.margin,
      hovermode: "closest",
      showlegend: runs.length > 1,
      legend: legendAbove(options, grid.height),
    },
    height: grid.height,
    description: `${config.title}. Loss of each of ${longest} steps: ${runs
      .map((run) => `${run.name} goes from ${ends(run.losses, width).join(" to ")}`)
      .join("; ")}.${note}${belowNote(below)}`,
  });
}

/** Mean, least and largest of each stretch of `width` steps; `x` is its last step. */
function summary(losses: ArrayLike<number>, width: number) {
  const x: number[] = [];
  const [mean, low, high]: (number | null)[][] = [[], [], []];
  let notFinite = 0;
  for (let from = 0; from < losses.length; from += width) {
    const to = Math.min(from + width, losses.length);
    let [sum, least, most, count] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (let k = from; k < to; k++) {
      const v = losses[k];
      if (!Number.isFinite(v)) continue;
      sum += v;
      least = Math.min(least, v);
      most = Math.max(most, v);
      count++;
    }
    notFinite += to - from - count;
    x.push(to);
    mean.push(count === 0 ? null : short(sum / count));
    low.push(short(least));
    high.push(short(most));
  }
  return { x, mean, low, high, notFinite };
}

function ends(losses: ArrayLike<number>, width: number): readonly (number | string)[] {
  const { mean } = summary(losses, width);
  return [mean[0] ?? "not finite", mean[mean.length - 1] ?? "not finite"];
}
