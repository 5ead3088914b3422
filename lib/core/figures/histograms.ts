import { configError, count, type Given, list, numbers, object, oneOf, option, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, pack, plain, resolveOptions, short } from "./figure.js";
import { legendAbove, legendHeight, panelGrid } from "./panels.js";
import { countNotFinite, finiteRange } from "./tiles.js";

type NumbersByName = Readonly<Record<string, ArrayLike<number>>>;

const layerValues = {
  /** The layer's name, above its panel. */
  name: text(),
  /** Its weights or activations; several by name, e.g. `{ start, "after epoch 15": … }`, are drawn over one another. */
  values: option<ArrayLike<number> | NumbersByName>(
    "a list of numbers, or lists by name",
    (v, what, name) => {
      const kind = numbers();
      if (typeof v !== "object" || v === null || "length" in v) return kind.parse(v, what, name);
      const lists = Object.entries(v);
      return lists.length > 0 && lists.every(([key, inner]) => kind.parse(inner, what, `${name}.${key}`))
        ? (v as NumbersByName)
        : undefined;
    },
  ),
};
/** The numbers of one layer. */
export type LayerValues = Given<typeof layerValues>;

const histogramsOptions = {
  /** One panel for each. */
  layers: list(object(layerValues), "a list of layers"),
  /**
   * What a value is, with its unit.
   * @default "weight"
   */
  quantity: text().or("weight"),
  /**
   * Bars of one histogram.
   * @default 40
   */
  bins: count().or(40),
  /**
   * `"own"`: each panel from its own least to its own largest value; `"shared"`: all panels on one axis.
   * @default "own"
   */
  range: oneOf("own", "shared").or("own"),
  /**
   * `"log"` where one bar towers above all others, as that of the zeros after ReLU.
   * @default "linear"
   */
  yScale: oneOf("linear", "log").or("linear"),
};
/**
 * Options of `histograms`.
 * @interface
 */
export type HistogramsConfig = FigureOptions & Given<typeof histogramsOptions>;

/**
 * Histograms of weights or activations, a panel for each layer: the share of the values in each of equally wide bins,
 * so that layers of different sizes can be compared. Values that are not finite are left out and counted.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { histograms, linear, sequential } from "gradbook";
 *
 * const layer = linear({ in: 10, out: 10 });
 * sequential([layer], { input: [10], seed: 1 });
 * const figure = histograms({
 *   title: "Weights at the start",
 *   layers: [{ name: "linear1", values: layer.params.weight.value.data }],
 * });
 * console.log(figure.layout.meta.name); // weights-at-the-start
 * ```
 */
export function histograms(config: HistogramsConfig): Figure {
  const { options, layers, quantity, bins, range, yScale } = resolveOptions(
    "histograms",
    histogramsOptions,
    config,
  );
  const panels = layers.map(({ name, values }) => ({
    name,
    sets: isList(values)
      ? [{ set: "", values }]
      : Object.entries(values).map(([set, v]) => ({ set, values: v })),
  }));
  const all = panels.flatMap(({ sets }) => sets.map(({ values }) => values));
  if (all.length === 0 || all.some((values) => values.length === 0))
    throw configError(
      "histograms",
      all.length === 0 ? "no layers" : "a layer without values",
      "at least one value",
    );
  const names = [...new Set(panels.flatMap(({ sets }) => sets.map(({ set }) => set)))];
  const { size, theme } = options;
  const columns = Math.min(panels.length, size.name === "page" ? (panels.length === 4 ? 2 : 3) : 1);
  const own = range === "own";
  // Half of one value: where a bin without any stands on a logarithmic axis.
  const floor = 50 / Math.max(...all.map((values) => values.length));
  const grid = panelGrid(options, {
    count: panels.length,
    columns,
    panelHeight: Math.max(120, Math.min((size.width / columns) * 0.5, size.width * 0.32)),
    titles: panels.map(({ name }) => name),
    x: { nticks: 5, rangemode: "normal" },
    y:
      yScale === "log"
        ? {
            type: "log",
            dtick: 1,
            exponentformat: "none",
            ticksuffix: " %",
            range: [Math.log10(floor), 2.05],
          }
        : { rangemode: "tozero", nticks: 5, ticksuffix: " %" },
    xTitle: quantity,
    yTitle: "share of the values",
    legend: names.length > 1 ? legendHeight(options, names) : 0,
    ownY: own,
    ownX: own,
  });
  const data = panels.flatMap(({ name, sets }, p) => {
    const { low, high } = finiteRange(own ? sets.map(({ values }) => values) : all);
    return sets.map(({ set, values }) => {
      const color = theme.series[names.indexOf(set) % theme.series.length];
      const { edges, shares } = histogram(values, low, high, bins);
      const called = set === "" ? plain(name) : `${plain(name)}, ${plain(set)}`;
      return {
        type: "scatter",
        mode: "lines",
        name: plain(set),
        legendgroup: set,
        showlegend:
          names.length > 1 && p === panels.findIndex((panel) => panel.sets.some((s) => s.set === set)),
        x: pack(edges.map(short)),
        y: pack(shares.map((share) => short(yScale === "log" ? Math.max(share, floor) : share))),
        line: { color, width: 1.4, shape: "hv", dash: names.indexOf(set) === 0 ? "solid" : "4px,2px" },
        fill: "tozeroy",
        fillcolor: `${color}30`,
        hovertemplate: `${called}: %{y:.3g} % from %{x:.4g}<extra></extra>`,
        ...grid.at(p),
      };
    });
  });
  const broken = countNotFinite(all);
  return makeFigure(options, {
    data,
    layout: {
      ...grid.axes,
      annotations: grid.headings,
      margin: grid.margin,
      hovermode: "closest",
      showlegend: names.length > 1,
      legend: legendAbove(options, grid.height),
    },
    height: grid.height,
    description:
      `${config.title}. Histograms of the ${quantity}: ` +
      `${panels.flatMap(({ name, sets }) => sets.map(({ set, values }) => moments(set === "" ? name : `${name} (${set})`, values))).join("; ")}.` +
      `${broken === 0 ? "" : ` ${broken} values are not finite and left out.`}`,
  });
}

function isList(values: ArrayLike<number> | NumbersByName): values is ArrayLike<number> {
  return "length" in values && typeof values.length === "number";
}

/** The left edge of each bin and its share in percent; the last edge again, where the last bin ends. */
function histogram(values: ArrayLike<number>, low: number, high: number, bins: number) {
  // All values the same: bins around it.
  const [from, width] = high > low ? [low, (high - low) / bins] : [low - 0.5, 1 / bins];
  const counts = new Array<number>(bins).fill(0);
  let finite = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    counts[Math.min(bins - 1, Math.floor((values[i] - from) / width))]++;
    finite++;
  }
  const shares = counts.map((n) => (100 * n) / Math.max(1, finite));
  return {
    edges: [from, ...counts.map((_, k) => from + k * width), from + bins * width],
    // Down to the axis at both ends.
    shares: [0, ...shares, 0],
  };
}

/** `conv1: 208 values, mean 0.003, standard deviation 0.11, 12 % zero` */
function moments(name: string, values: ArrayLike<number>): string {
  let [n, sum, squares, zeros] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    n++;
    sum += values[i];
    if (values[i] === 0) zeros++;
  }
  const mean = sum / Math.max(1, n);
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) squares += (values[i] - mean) ** 2;
  const digits = (v: number) => Number(v.toPrecision(3));
  const zero = zeros === 0 ? "" : `, ${digits((100 * zeros) / n)} % zero`;
  return `${name}: ${n} values, mean ${digits(mean)}, standard deviation ${digits(Math.sqrt(squares / Math.max(1, n)))}${zero}`;
}
