import { count, type Given, type JsonObject, list, numbers, object, shapeError, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions } from "./figure.js";
import { bitmapOption, picture } from "./tiles.js";

const mistake = {
  /** Grey (`height × width` values) or colour (3 × as many, channel after channel). */
  image: bitmapOption(),
  /** Index of the true class. */
  truth: count(0),
  /** The network's probability of each class; the largest is its answer. */
  probabilities: numbers("a probability for each class"),
};
/** One image that the network takes for something else. */
export type Mistake = Given<typeof mistake>;

const mistakesOptions = {
  /** The images, in the order in which they are drawn. */
  mistakes: list(object(mistake), "a list of mistakes"),
  /**
   * Names of the classes.
   * @default "0", "1" …
   */
  classes: list(text(), "a list of names").optional(),
  /**
   * At most this many are drawn.
   * @default 12
   */
  limit: count().or(12),
};
/**
 * Options of `mistakes`.
 * @interface
 */
export type MistakesConfig = FigureOptions & Given<typeof mistakesOptions>;

const bars = 3;

/**
 * A gallery of misclassified images, each with its true class and the network's three most probable ones.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { mistakes } from "gradbook";
 *
 * const image = { height: 2, width: 2, data: [0, 1, 1, 0] };
 * const figure = mistakes({
 *   title: "Taken for something else",
 *   mistakes: [{ image, truth: 3, probabilities: [0, 0, 0, 0.2, 0, 0.7, 0, 0, 0.1, 0] }],
 * });
 * console.log(figure.layout.meta.description); // Taken for something else. 1 images: a 3 taken for 5. The true class's bar is green, the others' orange.
 * ```
 */
export function mistakes(config: MistakesConfig): Figure {
  const { options, limit, ...given } = resolveOptions("mistakes", mistakesOptions, config);
  const shown = given.mistakes.slice(0, limit);
  if (shown.length === 0) throw shapeError("mistakes", "no mistakes", "at least one");
  const count = shown[0].probabilities.length;
  const classes = given.classes ?? Array.from({ length: count }, (_, c) => String(c));
  shown.forEach((m, i) => {
    if (m.probabilities.length !== classes.length || !(m.truth in classes)) {
      throw shapeError(
        "mistakes",
        `mistake ${i} with ${m.probabilities.length} probabilities and true class ${m.truth}`,
        `${classes.length} probabilities and a class from 0 to ${classes.length - 1}`,
      );
    }
  });

  const { size, theme } = options;
  const columns = Math.min(shown.length, size.name === "column" ? 3 : 6);
  const rows = Math.ceil(shown.length / columns);
  const gap = size.text;
  const cell = (size.width - 24 - (columns - 1) * gap) / Math.max(columns, size.name === "column" ? 3 : 6);
  const barLine = size.text * 1.25;
  const head = size.text * 1.5;
  const rowHeight = head + cell + 4 + bars * barLine + gap;
  const { top } = options;
  const height = Math.round(top + rows * rowHeight);

  // All in pixels: one invisible pair of axes whose unit is the pixel of the figure, y downwards.
  const images: JsonObject[] = [];
  const shapes: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  const data: JsonObject[] = [];
  const write = (content: string, x: number, y: number, more: JsonObject) =>
    annotations.push({
      text: plain(content),
      x: round(x),
      y: round(y),
      showarrow: false,
      font: { size: size.text * 0.92, color: theme.text },
      ...more,
    });
  const longest = Math.max(...classes.map((name) => name.length));
  const nameWidth = Math.min(cell * 0.45, size.text * (0.5 + 0.5 * longest));
  shown.forEach((mistake, i) => {
    const x = (i % columns) * (cell + gap);
    const y = Math.floor(i / columns) * rowHeight;
    const order = Array.from({ length: classes.length }, (_, c) => c).sort(
      (a, b) => known(mistake.probabilities[b]) - known(mistake.probabilities[a]) || a - b,
    );
    write(`true: ${classes[mistake.truth]}`, x, y + head / 2, { xanchor: "left" });
    images.push(
      picture(mistake.image, { x: round(x), y: round(y + head), width: round(cell), height: round(cell) }),
    );
    order.slice(0, bars).forEach((c, k) => {
      const p = mistake.probabilities[c];
      const line = y + head + cell + 4 + k * barLine;
      const room = cell - nameWidth - size.text * 2.6;
      write(classes[c], x, line + barLine / 2, { xanchor: "left" });
      shapes.push({
        type: "rect",
        x0: round(x + nameWidth),
        x1: round(x + nameWidth + Math.max(1, (Number.isFinite(p) ? p : 0) * room)),
        y0: round(line + barLine * 0.2),
        y1: round(line + barLine * 0.8),
        line: { width: 0 },
        fillcolor: c === mistake.truth ? theme.series[2] : theme.series[1],
      });
      write(Number.isFinite(p) ? p.toFixed(2) : "–", x + cell, line + barLine / 2, { xanchor: "right" });
    });
  });
  data.push({ type: "scatter", mode: "markers", x: [0], y: [0], marker: { opacity: 0 }, hoverinfo: "skip" });

  const left = given.mistakes.length - shown.length;
  return makeFigure(options, {
    data,
    layout: {
      xaxis: { visible: false, range: [0, round(size.width - 24)] },
      yaxis: { visible: false, range: [round(rows * rowHeight), 0] },
      images,
      shapes,
      annotations,
      margin: { l: 12, r: 12, t: top, b: height - top - Math.round(rows * rowHeight) },
      showlegend: false,
    },
    height,
    description:
      `${config.title}. ${shown.length} images: ` +
      `${shown.map((m) => `a ${classes[m.truth]} ${answer(m, classes)}`).join(", ")}` +
      `${left > 0 ? `; ${left} more are not shown` : ""}. The true class's bar is green, the others' orange.`,
  });
}

/** What is no number is no answer either: it stands behind all that are. */
function known(probability: number): number {
  return Number.isFinite(probability) ? probability : Number.NEGATIVE_INFINITY;
}

function answer({ probabilities }: Mistake, classes: readonly string[]): string {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++)
    if (known(probabilities[i]) > known(probabilities[best])) best = i;
  return Number.isFinite(probabilities[best]) ? `taken for ${classes[best]}` : "without a finite probability";
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
