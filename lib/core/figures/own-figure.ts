import { type Given, option, text } from "@gradbook/base";
import {
  baseLayout,
  type Figure,
  type FigureOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./figure.js";
import { axisLook, legendAbove, legendHeight } from "./panels.js";
import { figureFrom, type PlotlyJson } from "./plotly-figure.js";

const record = () =>
  option<object>("an object", (v) =>
    typeof v === "object" && v !== null && !Array.isArray(v) ? v : undefined,
  );
const records = (expected: string) =>
  option<readonly object[]>(expected, (v) => (Array.isArray(v) ? v : undefined));

const ownFigureOptions = {
  /** Plotly's traces, e.g. `[{ type: "bar", x: ["a", "b"], y: [1, 2] }]`; numbers may be typed arrays. */
  data: records("a list of traces"),
  /**
   * Plotly's layout: axes and their titles, panels, annotations. What it says goes before the theme; `height` is in pixels.
   * @default {}
   */
  layout: record().or({}),
  /**
   * Pictures of an animation.
   * @default none
   */
  frames: records("a list of frames").optional(),
  /**
   * Plotly's options for the interactive figure.
   * @default none
   */
  config: record().optional(),
  /**
   * The figure in words, for screen readers and terminals.
   * @default kinds, sizes and ranges of the traces
   */
  description: text().optional(),
};
/**
 * Options of `figure`.
 * @interface
 */
export type FigureConfig = FigureOptions & Given<typeof ownFigureOptions>;

/**
 * Any Plotly figure in the look of ours: fonts, colours, thin grid lines, the legend under the title, margins that fit
 * their labels, the size of a column or a page; checked, and described in words.
 *
 * The look is Plotly's `layout.template` (one that the layout brings along is replaced), so what the layout and the
 * traces themselves say goes before it.
 * @throws GradbookError for what Plotly would not draw, by its trace, and when an option is unknown
 *
 * @example
 * ```ts
 * import { figure } from "gradbook";
 *
 * const parameters = figure({
 *   title: "Parameters of each layer",
 *   data: [{ type: "bar", x: ["conv1", "conv2", "linear1"], y: [208, 3216, 15690] }],
 *   layout: { yaxis: { title: "parameters" } },
 * });
 * console.log(parameters.layout.meta.description); // Parameters of each layer. Bar chart, 3 values, x conv1 to linear1, y 208 to 15690. y axis: parameters.
 * ```
 */
export function figure(config: FigureConfig): Figure {
  const { options, ...parts } = resolveOptions("figure", ownFigureOptions, config);
  return styledFigure(options, parts, "figure");
}

/**
 * The same for a builder.
 * @param what the function that was called, for errors
 */
export function styledFigure(
  options: ResolvedOptions,
  parts: PlotlyJson & { readonly description?: string },
  what: string,
): Figure {
  const { data, layout = {}, description, ...rest } = parts;
  const given: { readonly height?: unknown; readonly showlegend?: unknown } = layout;
  const names = data.flatMap(legendName);
  const showlegend = given.showlegend ?? names.length > 1;
  const { top, size } = options;
  const above = top + (showlegend === false ? 0 : legendHeight(options, names));
  // Title and legend do not shrink with a narrow figure; the plot below them keeps a height that can be read.
  const height =
    typeof given.height === "number"
      ? given.height
      : Math.round(above + Math.max(170, size.width * 0.37) + size.text * 5);
  const base = baseLayout(options, height);
  const { title, name, caption, theme } = options;
  return figureFrom(
    {
      ...rest,
      data,
      layout: {
        width: options.size.width,
        height,
        ...withOwnTicks(layout),
        showlegend,
        title: base.title,
        template: template(options, height, showlegend === false ? [] : names),
        meta: {
          name,
          title,
          caption,
          theme: theme.name,
          ...(description === undefined ? {} : { description }),
        },
      },
    },
    what,
  );
}

/** Plotly gives an axis over another one as many ticks as that has, at values that nobody would choose. */
function withOwnTicks(layout: object): object {
  const entries = Object.entries(layout).map(([key, value]: [string, unknown]) => {
    const axis: { readonly overlaying?: unknown; readonly dtick?: unknown; readonly tickvals?: unknown } =
      /^[xy]axis\d*$/.test(key) ? Object(value) : {};
    const free = axis.overlaying !== undefined && axis.dtick === undefined && axis.tickvals === undefined;
    return [key, free ? { tickmode: "auto", ...axis } : value];
  });
  return Object.fromEntries(entries);
}

/** A trace's name, where it stands in the legend. */
function legendName(trace: object): readonly string[] {
  const { name, showlegend }: { readonly name?: unknown; readonly showlegend?: unknown } = trace ?? {};
  return typeof name === "string" && name !== "" && showlegend !== false ? [name] : [];
}

/** Our look as Plotly takes it: what stands for every attribute that a figure leaves open. */
function template(options: ResolvedOptions, height: number, names: readonly string[]): object {
  const { theme, size, top } = options;
  const { title: _title, ...base } = baseLayout(options, height);
  const axisTitle = { standoff: 8, font: { size: size.text, color: theme.muted } };
  const numbers = { exponentformat: "power", minexponent: 5, separatethousands: true };
  const axis = { ...axisLook(options), ...numbers, automargin: true, title: axisTitle };
  const wall = { gridcolor: theme.grid, backgroundcolor: theme.paper, zeroline: false, title: axisTitle };
  const colorbar = { thickness: 10, outlinewidth: 0, ticks: "outside", ticklen: 3, tickcolor: theme.line };
  const ramp = { colorbar, colorscale: theme.sequential };
  return {
    layout: {
      ...base,
      xaxis: axis,
      yaxis: axis,
      polar: { bgcolor: theme.paper, angularaxis: axisLook(options), radialaxis: axisLook(options) },
      scene: { xaxis: wall, yaxis: wall, zaxis: wall },
      // Axes make their margins as wide as their labels.
      margin: { l: 16, r: 16, t: top + (names.length > 0 ? legendHeight(options, names) : 0) + 8, b: 16 },
      legend: legendAbove(options, height),
      colorway: theme.series,
      colorscale: { sequential: theme.sequential, diverging: theme.diverging },
      coloraxis: ramp,
      hovermode: "closest",
      annotationdefaults: { arrowcolor: theme.line, arrowwidth: 1, showarrow: false },
    },
    data: { heatmap: [ramp], contour: [ramp], surface: [ramp], histogram2d: [ramp] },
  };
}
