import {
  configError,
  type Given,
  list,
  number,
  numbers,
  object,
  oneOf,
  shapeError,
  text,
} from "@gradbook/base";
import { type Figure, type FigureOptions, plain, resolveOptions, short } from "./figure.js";
import { styledFigure } from "./own-figure.js";

const measurement = {
  /** Drawn as a bar or a point. */
  mean: number(),
  /** Lower end of the interval. */
  low: number(),
  /** Upper end of the interval. */
  high: number(),
  /**
   * The single values, e.g. one for each seed; drawn as small circles.
   * @default none
   */
  values: numbers().optional(),
};
/** A mean with its interval, as `meanInterval` gives it. */
export type Measurement = Given<typeof measurement>;

const comparedSeries = {
  /** In the legend. */
  name: text(),
  /** One for each group. */
  intervals: list(object(measurement), "a list of { mean, low, high }"),
};
/** What is measured in every group, e.g. one optimizer. */
export type ComparedSeries = Given<typeof comparedSeries>;

const comparisonOptions = {
  /** Names along the x axis, e.g. batch sizes. */
  groups: list(text(), "a list of names"),
  /** One colour for each. */
  series: list(object(comparedSeries), "a list of series"),
  /** What a value is, with its unit, e.g. `"test error (%)"`. */
  quantity: text(),
  /**
   * `"bars"` start at 0 and compare amounts; `"points"` leave 0 out and compare small differences.
   * @default "points"
   */
  marks: oneOf("bars", "points").or("points"),
  /**
   * What a group is; written under the x axis.
   * @default ""
   */
  xTitle: text().or(""),
  /**
   * What the intervals are; part of the description.
   * @default "95 % confidence interval"
   */
  interval: text().or("95 % confidence interval"),
};
/**
 * Options of `comparison`.
 * @interface
 */
export type ComparisonConfig = FigureOptions & Given<typeof comparisonOptions>;

/** Shapes of the series' marks, so that they are told apart without colours too. */
const symbols = ["circle", "square", "diamond", "triangle-up", "cross", "x"];

/**
 * Means with their intervals over seeds, side by side in groups; single values as small circles beside them.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { comparison, meanInterval } from "gradbook";
 *
 * const measured = (...values: number[]) => ({ ...meanInterval(values), values });
 * const figure = comparison({
 *   title: "Test error over three seeds",
 *   quantity: "test error (%)",
 *   groups: ["batch 1", "batch 10"],
 *   series: [{ name: "SGD", intervals: [measured(5, 5.2, 5.4), measured(7, 7.1, 7.2)] }],
 * });
 * console.log(figure.layout.meta.description); // Test error over three seeds. test error (%), mean (95 % confidence interval): SGD: batch 1 5.2 (4.7032–5.6968), batch 10 7.1 (6.8516–7.3484).
 * ```
 */
export function comparison(config: ComparisonConfig): Figure {
  const { options, groups, series, quantity, marks, xTitle, interval } = resolveOptions(
    "comparison",
    comparisonOptions,
    config,
  );
  if (groups.length === 0 || series.length === 0)
    throw configError("comparison", "nothing to compare", "at least one group and one series");
  for (const { name, intervals } of series) {
    if (intervals.length !== groups.length)
      throw shapeError(
        "comparison",
        `${intervals.length} intervals of "${name}" for ${groups.length} groups`,
        "one for each group",
      );
  }
  const { theme } = options;
  const bars = marks === "bars";
  // Places on an axis of numbers: each series has a lane of its own in its group.
  const lane = (bars ? 0.8 : 0.6) / series.length;
  const place = (group: number, s: number) => group + (s - (series.length - 1) / 2) * lane;
  const data = series.flatMap(({ name, intervals }, s) => {
    const color = theme.series[s % theme.series.length];
    const x = intervals.map((_, g) => short(place(g, s)));
    // An interval without bounds (one seed) is a mean without whiskers.
    const reach = (end: "low" | "high") =>
      intervals.map((i) => (Number.isFinite(i[end]) ? short(Math.abs(i[end] - i.mean)) : 0));
    const whiskers = {
      type: "data",
      symmetric: false,
      array: reach("high"),
      arrayminus: reach("low"),
      color: bars ? theme.text : color,
      thickness: 1.6,
      width: 4,
    };
    const seeds = intervals.flatMap(({ values }, g) =>
      Array.from(values ?? [], (value) => ({ x: short(place(g, s) + lane * 0.28), y: short(value) })),
    );
    return [
      {
        type: bars ? "bar" : "scatter",
        ...(bars ? { width: lane * 0.92 } : { mode: "markers" }),
        name: plain(name),
        x,
        y: intervals.map(({ mean }) => short(mean)),
        error_y: whiskers,
        marker: bars ? { color } : { color, size: 9, symbol: symbols[s % symbols.length] },
        customdata: groups.map(plain),
        hovertemplate: `${plain(name)}, %{customdata}: %{y:.4g}<extra></extra>`,
      },
      ...(seeds.length === 0
        ? []
        : [
            {
              type: "scatter",
              mode: "markers",
              x: seeds.map((seed) => seed.x),
              y: seeds.map((seed) => seed.y),
              showlegend: false,
              hovertemplate: `${plain(name)}, one value: %{y:.4g}<extra></extra>`,
              marker: { color: theme.paper, size: 4.5, line: { color: bars ? theme.text : color, width: 1 } },
            },
          ]),
    ];
  });
  return styledFigure(
    options,
    {
      data,
      layout: {
        showlegend: series.length > 1,
        xaxis: {
          tickvals: groups.map((_, g) => g),
          ticktext: groups.map(plain),
          tickmode: "array",
          range: [-0.55, groups.length - 0.45],
          showgrid: false,
          ...(xTitle === "" ? {} : { title: { text: plain(xTitle) } }),
        },
        yaxis: { title: { text: plain(quantity) }, nticks: 7, ...(bars ? { rangemode: "tozero" } : {}) },
        barmode: "overlay",
      },
      description: `${config.title}. ${quantity}, mean (${interval}): ${series
        .map(
          ({ name, intervals }) =>
            `${name}: ${intervals.map((i, g) => `${groups[g]} ${inWords(i)}`).join(", ")}`,
        )
        .join("; ")}.`,
    },
    "comparison",
  );
}

function inWords({ mean, low, high }: Measurement): string {
  const at = short(mean) ?? "not finite";
  const [from, to] = [short(low), short(high)];
  return from === null || to === null ? String(at) : `${at} (${from}–${to})`;
}
