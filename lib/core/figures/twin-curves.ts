import { type Given, numbers, object, oneOf, shapeError, text } from "@gradbook/base";
import { type Figure, type FigureOptions, pack, plain, resolveOptions, short } from "./figure.js";
import { styledFigure } from "./own-figure.js";
import { belowNote, countAxis, countBelow, logAxis } from "./panels.js";

const twin = {
  /** In the legend and beside its axis, with its unit. */
  name: text(),
  /** One for each point of `x`. */
  values: numbers(),
  /**
   * `"log"` for what changes by orders of magnitude.
   * @default "linear"
   */
  scale: oneOf("linear", "log").or("linear"),
  /**
   * `"steps"` for what stays as it is until it changes, as a learning rate does.
   * @default "straight"
   */
  line: oneOf("straight", "steps").or("straight"),
};
/** One of two curves, with an axis of its own. */
export type Twin = Given<typeof twin>;

const twinCurvesOptions = {
  /** The curve of the left axis. */
  left: object(twin),
  /** The curve of the right axis, dashed. */
  right: object(twin),
  /**
   * Where the values stand.
   * @default 1, 2, 3 …
   */
  x: numbers().optional(),
  /**
   * What `x` counts.
   * @default "epoch"
   */
  xTitle: text().or("epoch"),
};
/**
 * Options of `twinCurves`.
 * @interface
 */
export type TwinCurvesConfig = FigureOptions & Given<typeof twinCurvesOptions>;

/**
 * Two quantities of different units over the same steps, each with an axis of its own in its colour: a schedule's
 * learning rate beside the loss.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { stepDecay, twinCurves } from "gradbook";
 *
 * const schedule = stepDecay({ every: 2, factor: 0.1 });
 * const figure = twinCurves({
 *   title: "The rate falls every second epoch",
 *   left: { name: "loss (nats)", values: [2.3, 1.2, 0.7, 0.6] },
 *   right: { name: "learning rate", values: [1, 2, 3, 4].map((e) => schedule(e, 0.1)), scale: "log", line: "steps" },
 * });
 * console.log(figure.layout.meta.description); // The rate falls every second epoch. Two curves over 4 epochs: loss (nats) from 2.3 to 0.6, learning rate from 0.1 to 0.01.
 * ```
 */
export function twinCurves(config: TwinCurvesConfig): Figure {
  const { options, left, right, x: given, xTitle } = resolveOptions("twinCurves", twinCurvesOptions, config);
  const count = left.values.length;
  if (count === 0) throw shapeError("twinCurves", "no values", "at least one");
  for (const [name, { length }] of [
    [right.name, right.values] as const,
    ["x", given ?? left.values] as const,
  ])
    if (length !== count)
      throw shapeError("twinCurves", `${length} values of ${name}`, `${count}, as many as of ${left.name}`);
  const x = Array.from({ length: count }, (_, k) => given?.[k] ?? k + 1);
  const { theme } = options;
  const colors = [theme.series[0], theme.series[1]];
  const both = [left, right].map((one) => ({ ...one, shown: Array.from(one.values, short) }));
  const axis = (i: number) => ({
    title: { text: plain(both[i].name), font: { color: colors[i] } },
    tickfont: { color: colors[i] },
    nticks: 6,
    ...(both[i].scale === "log" ? { ...logAxis([both[i].values]), exponentformat: "none" } : {}),
  });
  const below = both.reduce((sum, { shown, scale }) => sum + countBelow(shown, scale), 0);
  const gaps = both.reduce((sum, { shown }) => sum + shown.filter((v) => v === null).length, 0);
  const ends = both.map(
    ({ name, shown }) => `${name} from ${shown[0] ?? "not finite"} to ${shown[count - 1] ?? "not finite"}`,
  );
  return styledFigure(
    options,
    {
      data: both.map(({ name, shown, line, scale }, i) => ({
        type: "scatter",
        mode: count === 1 ? "markers" : "lines",
        name: plain(name),
        x: pack(x.map(short)),
        // On a logarithmic axis what is not above 0 is a gap.
        y: pack(shown.map((v) => (scale === "log" && v !== null && v <= 0 ? null : v))),
        yaxis: i === 0 ? "y" : "y2",
        line: {
          color: colors[i],
          width: 2,
          dash: i === 0 ? "solid" : "7px,3px",
          shape: line === "steps" ? "hv" : "linear",
        },
        marker: { color: colors[i], size: 7 },
        hovertemplate: `${plain(name)}, ${plain(xTitle)} %{x}: %{y:.4g}<extra></extra>`,
      })),
      layout: {
        xaxis: {
          title: { text: plain(xTitle) },
          ...countAxis(x, { nticks: 10, tickformat: ",d" }),
        },
        yaxis: axis(0),
        yaxis2: { ...axis(1), overlaying: "y", side: "right", showgrid: false },
      },
      description:
        `${config.title}. Two curves over ${count} ${xTitle}s: ${ends.join(", ")}.` +
        `${gaps === 0 ? "" : ` ${gaps} values are not finite and left out.`}${belowNote(below)}`,
    },
    "twinCurves",
  );
}
