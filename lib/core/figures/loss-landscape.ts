import { type Given, list, numbers, object, oneOf, shapeError, text } from "@gradbook/base";
import { type Figure, type FigureOptions, plain, resolveOptions, short } from "./figure.js";
import { styledFigure } from "./own-figure.js";
import { finiteRange } from "./tiles.js";

const landscapePath = {
  /** Along the first direction. */
  x: numbers(),
  /** Along the second direction. */
  y: numbers(),
};

const lossLandscapeOptions = {
  /** Steps along the first direction, from the least to the largest. */
  x: numbers(),
  /** Steps along the second direction. */
  y: numbers(),
  /** `loss[row][column]`: a row for each of `y`, a value for each of `x`. */
  loss: list(numbers("a row of numbers"), "a list of rows of numbers"),
  /**
   * The way that training took, in the same two directions; it ends at a dot.
   * @default none
   */
  path: object(landscapePath).optional(),
  /**
   * `"contour"`: lines of equal loss; `"surface"`: a landscape to turn where the figure is interactive.
   * @default "contour"
   */
  view: oneOf("contour", "surface").or("contour"),
  /**
   * `"log"`: lines at equal ratios, for a loss that changes by orders of magnitude.
   * @default "linear"
   */
  scale: oneOf("linear", "log").or("linear"),
  /**
   * What a value is, with its unit.
   * @default "loss (nats)"
   */
  quantity: text().or("loss (nats)"),
  /**
   * What `x` is.
   * @default "direction 1"
   */
  xTitle: text().or("direction 1"),
  /**
   * What `y` is.
   * @default "direction 2"
   */
  yTitle: text().or("direction 2"),
};
/**
 * Options of `lossLandscape`.
 * @interface
 */
export type LossLandscapeConfig = FigureOptions & Given<typeof lossLandscapeOptions>;

/**
 * The loss in a plane through weight space (Li et al., "Visualizing the loss landscape of neural nets", 2018), with the
 * way that training took through it. The lower the loss, the darker
 * (in the dark theme, the lighter).
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { lossLandscape } from "gradbook";
 *
 * const steps = [-1, 0, 1];
 * const figure = lossLandscape({
 *   title: "A bowl",
 *   x: steps,
 *   y: steps,
 *   loss: steps.map((b) => steps.map((a) => a * a + 2 * b * b)),
 *   path: { x: [1, 0.5, 0], y: [1, 0.2, 0] },
 * });
 * console.log(figure.layout.meta.description); // A bowl. loss (nats) in a plane of 3 × 3 points, from 0 at (0, 0) to 3 at (1, 1); training goes from (1, 1) to (0, 0) in 2 steps.
 * ```
 */
export function lossLandscape(config: LossLandscapeConfig): Figure {
  const { options, x, y, loss, path, view, scale, quantity, xTitle, yTitle } = resolveOptions(
    "lossLandscape",
    lossLandscapeOptions,
    config,
  );
  check(config);
  const { theme, size } = options;
  const z = loss.map((row) => Array.from(row, (v) => valueOn(scale, v)));
  const values = z.flat().filter((v) => v !== null);
  const { low, high } = finiteRange([values]);
  const surface = view === "surface";
  const axes = { x: Array.from(x, short), y: Array.from(y, short) };
  const ticks = scale === "log" ? powers(low, high) : {};
  const bar = {
    title: { text: plain(quantity), side: "right", font: { size: size.text, color: theme.muted } },
    ...ticks,
  };
  const shared = {
    ...axes,
    z,
    reversescale: true,
    colorbar: bar,
    zmin: low,
    zmax: high > low ? high : low + 1,
  };
  const { zmin, zmax, ...rest } = shared;
  const land = surface
    ? {
        type: "surface",
        ...rest,
        cmin: zmin,
        cmax: zmax,
        contours: { z: { show: true, usecolormap: false, color: theme.line, project: { z: true } } },
        lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.05 },
      }
    : {
        type: "contour",
        ...shared,
        ncontours: 30,
        contours: { coloring: "fill" },
        line: { color: theme.paper, width: 0.7 },
        customdata: loss.map((row) => Array.from(row, short)),
        hovertemplate: `(%{x:.3g}, %{y:.3g}): %{customdata:.4g}<extra></extra>`,
      };
  const way = path === undefined ? [] : [trail(path, config, surface ? scale : undefined, theme)];
  const place = (title: string) => ({ title: { text: plain(title) } });
  // As high as wide, the colour bar beside it.
  const side = Math.min(size.width - 150, 440);
  const height = Math.round(options.top + side + 60);
  const layout = surface
    ? {
        height,
        scene: {
          xaxis: place(xTitle),
          yaxis: place(yTitle),
          zaxis: { ...place(quantity), ...ticks },
          camera: { eye: { x: 1.2, y: -1.4, z: 1.5 } },
          aspectratio: { x: 1, y: 1, z: 0.7 },
        },
      }
    : {
        height,
        xaxis: {
          ...place(xTitle),
          showgrid: false,
          domain: [0, side / (size.width - 130)],
          constrain: "domain",
        },
        yaxis: { ...place(yTitle), showgrid: false },
      };
  if (!surface) Object.assign(bar, { x: side / (size.width - 130), xpad: 12 });
  return styledFigure(
    options,
    {
      data: [land, ...way],
      layout: { ...layout, showlegend: false },
      description: describe(config, quantity),
    },
    "lossLandscape",
  );
}

/** Null where there is nothing to draw. */
function valueOn(scale: "linear" | "log", value: number): number | null {
  if (scale === "linear") return short(value);
  return value > 0 ? short(Math.log10(value)) : null;
}

/** Ticks of a scale of logarithms, written as what they stand for. */
function powers(low: number, high: number): object {
  const tickvals: number[] = [];
  const few = high - low < 2;
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const factor of few ? [1, 2, 5] : [1]) tickvals.push(power + Math.log10(factor));
  const inside = tickvals.filter((v) => v >= low - 1e-9 && v <= high + 1e-9);
  return {
    tickmode: "array",
    tickvals: inside,
    ticktext: inside.map((v) => String(Number((10 ** v).toPrecision(3)))),
  };
}

/** The way of the training, on the ground or (with a scale) on the surface. */
function trail(
  path: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> },
  config: LossLandscapeConfig,
  scale: "linear" | "log" | undefined,
  theme: { readonly series: readonly string[]; readonly paper: string },
): object {
  const [x, y] = [Array.from(path.x, short), Array.from(path.y, short)];
  const size = x.map((_, k) => (k === x.length - 1 ? 11 : 5));
  const color = theme.series[1];
  const shared = { mode: "lines+markers", x, y, line: { color, width: scale === undefined ? 2.5 : 5 } };
  const marker = { color, size, opacity: 1, line: { color: theme.paper, width: 1 } };
  const hovertemplate = "step %{pointNumber}: (%{x:.3g}, %{y:.3g})<extra></extra>";
  if (scale === undefined) return { type: "scatter", ...shared, marker, hovertemplate };
  const z = x.map((_, k) => valueOn(scale, nearest(config, path.x[k], path.y[k])));
  return {
    type: "scatter3d",
    ...shared,
    z,
    marker: { ...marker, size: size.map((s) => s / 2) },
    hovertemplate,
  };
}

/** The loss at the grid point nearest to a place. */
function nearest({ x, y, loss }: LossLandscapeConfig, px: number, py: number): number {
  const near = (grid: ArrayLike<number>, at: number) => {
    let best = 0;
    for (let k = 1; k < grid.length; k++) if (Math.abs(grid[k] - at) < Math.abs(grid[best] - at)) best = k;
    return best;
  };
  return loss[near(y, py)][near(x, px)];
}

function describe(config: LossLandscapeConfig, quantity: string): string {
  const { x, y, loss, path, title } = config;
  const points = loss.flatMap((row, r) =>
    Array.from(row, (v, c) => ({ v, at: `(${short(x[c])}, ${short(y[r])})` })),
  );
  const finite = points.filter(({ v }) => Number.isFinite(v)).sort((a, b) => a.v - b.v);
  const broken = points.length - finite.length;
  const [low, high] = [finite[0], finite[finite.length - 1]];
  const range =
    finite.length === 0
      ? "without a finite value"
      : `from ${short(low.v)} at ${low.at} to ${short(high.v)} at ${high.at}`;
  const end = path === undefined ? 0 : path.x.length - 1;
  const way =
    path === undefined
      ? ""
      : `; training goes from (${short(path.x[0])}, ${short(path.y[0])}) to (${short(path.x[end])}, ${short(path.y[end])}) in ${end} steps`;
  const note = broken === 0 ? "" : ` ${broken} values are not finite and left blank.`;
  return `${title}. ${quantity} in a plane of ${x.length} × ${y.length} points, ${range}${way}.${note}`;
}

function check({ x, y, loss, path }: LossLandscapeConfig): void {
  const what = "lossLandscape";
  if (x.length < 2 || y.length < 2)
    throw shapeError(what, `${x.length} × ${y.length} points`, "at least 2 × 2");
  if (loss.length !== y.length)
    throw shapeError(what, `${loss.length} rows of losses for ${y.length} of y`, "one for each");
  const wrong = loss.findIndex((row) => row.length !== x.length);
  if (wrong >= 0)
    throw shapeError(what, `${loss[wrong].length} losses in row ${wrong}`, `${x.length}, one for each of x`);
  if (path !== undefined && (path.x.length !== path.y.length || path.x.length === 0))
    throw shapeError(
      what,
      `a path of ${path.x.length} and ${path.y.length} places`,
      "as many of x as of y, at least one",
    );
}
