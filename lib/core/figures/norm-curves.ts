import { type Given, type JsonObject, list, numbers, object, shapeError, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, pack, plain, resolveOptions, short } from "./figure.js";
import { countAxis, legendAbove, legendHeight, logAxis, panelGrid } from "./panels.js";

const layerNorms = {
  /** The layer's name in the legend. */
  name: text(),
  /** Euclidean norm of the gradient at each point of `steps`. */
  gradient: numbers(),
  /** Euclidean norm of the update divided by that of the weights; leave it out to draw the gradients alone. */
  update: numbers().optional(),
};
/** The norms of one layer's parameters over the steps. */
export type LayerNorms = Given<typeof layerNorms>;

const normCurvesOptions = {
  /** One curve per layer. */
  layers: list(object(layerNorms), "a list of layers"),
  /**
   * Step or epoch of each value.
   * @default 1, 2, 3 …
   */
  steps: numbers().optional(),
  /**
   * What `steps` counts.
   * @default "step"
   */
  xTitle: text().or("step"),
};
/**
 * Options of `normCurves`.
 * @interface
 */
export type NormCurvesConfig = FigureOptions & Given<typeof normCurvesOptions>;

/**
 * Norm of the gradient of each layer, and of its updates relative to its weights (about 10⁻³ is healthy), on
 * logarithmic scales. Zeros and values that are not finite cannot be drawn there and are left out.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { normCurves } from "gradbook";
 *
 * const figure = normCurves({
 *   title: "Gradients of each layer",
 *   layers: [
 *     { name: "conv1", gradient: [0.5, 0.3, 0.2] },
 *     { name: "linear1", gradient: [0.9, 0.6, 0.5] },
 *   ],
 * });
 * console.log(figure.layout.meta.description); // Gradients of each layer. Gradient norms of conv1, linear1; the last gradient norms are 0.2, 0.5.
 * ```
 */
export function normCurves(config: NormCurvesConfig): Figure {
  const { options, layers, steps, xTitle } = resolveOptions("normCurves", normCurvesOptions, config);
  const count = layers[0]?.gradient.length ?? 0;
  if (count === 0)
    throw shapeError("normCurves", "no layers, or no values", "at least one layer with at least one value");
  for (const { name, gradient, update } of layers) {
    for (const values of update === undefined ? [gradient] : [gradient, update]) {
      if (values.length !== count)
        throw shapeError(
          "normCurves",
          `${values.length} values of ${name}`,
          `${count}, as for the first layer`,
        );
    }
  }
  if (steps !== undefined && steps.length !== count)
    throw shapeError("normCurves", `${steps.length} steps`, `${count}, one for each value`);
  const x = Array.from({ length: count }, (_, k) => steps?.[k] ?? k + 1);
  const both = layers.some((layer) => layer.update !== undefined);
  const panels = both ? (["gradient", "update"] as const) : (["gradient"] as const);
  const grid = panelGrid(options, {
    count: panels.length,
    columns: options.size.name === "page" ? 2 : 1,
    panelHeight: options.size.width * (both && options.size.name === "page" ? 0.36 : 0.5),
    titles: ["norm of the gradient", "norm of the update ÷ norm of the weights"],
    x: countAxis(x, { nticks: 6, tickformat: ",d" }),
    y: logAxis(
      layers.flatMap(({ gradient, update }) => (update === undefined ? [gradient] : [gradient, update])),
    ),
    xTitle,
    yTitle: "norm",
    legend: legendHeight(
      options,
      layers.map(({ name }) => name),
    ),
    ownY: true,
  });
  const data: JsonObject[] = [];
  let dropped = 0;
  panels.forEach((panel, p) => {
    layers.forEach((layer, i) => {
      const values = layer[panel];
      if (values === undefined) return;
      const color = options.theme.series[i % options.theme.series.length];
      const y = Array.from(values, (v) => (v > 0 ? short(v) : null));
      dropped += y.filter((v) => v === null).length;
      data.push({
        type: "scatter",
        mode: count === 1 ? "markers" : "lines",
        name: plain(layer.name),
        legendgroup: String(i),
        showlegend: p === 0,
        x: pack(x),
        y: pack(y),
        line: { color, width: 1.6, dash: i < options.theme.series.length ? "solid" : "dot" },
        marker: { color },
        hovertemplate: `${plain(layer.name)}, ${xTitle} %{x}: %{y:.3g}<extra></extra>`,
        ...grid.at(p),
      });
    });
  });
  const note = dropped === 0 ? "" : ` ${dropped} values are zero or not finite and left out.`;
  return makeFigure(options, {
    data,
    layout: {
      ...grid.axes,
      annotations: grid.headings,
      margin: grid.margin,
      hovermode: "closest",
      showlegend: true,
      legend: legendAbove(options, grid.height),
    },
    height: grid.height,
    description: `${config.title}. ${panels.length === 2 ? "Gradient and update norms" : "Gradient norms"} of ${layers.map((l) => l.name).join(", ")}; the last gradient norms are ${layers.map((l) => short(l.gradient[count - 1]) ?? "not finite").join(", ")}.${note}`,
  });
}
