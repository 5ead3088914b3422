import { type Given, type JsonObject, shapeError, text } from "@gradbook/base";
import { activationSlices } from "./activation-slices.js";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions, short } from "./figure.js";
import { arrayOption, colorBar, countNotFinite, finiteRange, tile } from "./tiles.js";

const filtersOptions = {
  /** A convolution's weight `[F, C, KH, KW]`: a tensor, or its shape and data (F · C · KH · KW values, row by row). */
  weight: arrayOption(),
  /**
   * What a value is.
   * @default "weight"
   */
  quantity: text().or("weight"),
};
/**
 * Options of `filters`.
 * @interface
 */
export type FiltersConfig = FigureOptions & Given<typeof filtersOptions>;

/**
 * A convolution's kernels, blue–white–red around 0 on one scale: with one input channel a line of kernels, with
 * several a row for each kernel (output channel) and a column for each input channel.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { conv2d, filters, sequential } from "gradbook";
 *
 * const layer = conv2d({ in: 1, out: 8, kernel: 5, pad: 2 });
 * sequential([layer], { input: [1, 28, 28], seed: 1 });
 * const figure = filters({ title: "Kernels at the start", weight: layer.params.weight.value });
 * console.log(figure.layout.meta.description); // Kernels at the start. 8 kernels of 5×5; weight from -0.19946 to 0.19755.
 * ```
 */
export function filters(config: FiltersConfig): Figure {
  const { options, weight, quantity } = resolveOptions("filters", filtersOptions, config);
  const { shape, data: values } = weight;
  const [kernels, channels, height, width] = shape;
  if (shape.length !== 4 || kernels * channels * height * width !== values.length || values.length === 0) {
    throw shapeError(
      "filters",
      `weight [${shape.join(", ")}] with ${values.length} values`,
      "[F, C, KH, KW] and as many values",
    );
  }
  const bitmap = (f: number, c: number) => {
    const start = (f * channels + c) * height * width;
    return { height, width, data: Array.from({ length: height * width }, (_, i) => values[start + i]) };
  };
  if (channels > 1) {
    const { weight: _weight, ...shared } = config;
    return activationSlices({
      ...shared,
      quantity,
      columnName: "channel",
      rows: Array.from({ length: kernels }, (_, f) => ({
        label: `kernel ${f}`,
        maps: Array.from({ length: channels }, (_, c) => bitmap(f, c)),
      })),
    });
  }

  const { size, theme } = options;
  const columns = Math.min(kernels, size.name === "column" ? 4 : 8);
  const gap = 0.1;
  const margin = { l: 14, r: size.text * 5.5, t: options.top + size.text * 1.4 };
  const across = columns * (1 + gap) - gap;
  const cell = Math.min(size.width / 8, (size.width - margin.l - margin.r) / across);
  const lines = Math.ceil(kernels / columns);
  const lineHeight = 1 + gap + (size.text * 1.5) / cell;
  const down = lines * lineHeight - gap - (size.text * 1.5) / cell;
  const tall = Math.max(down * cell, 60);
  const range = finiteRange([values]);
  const limit = short(Math.max(-range.low, range.high)) ?? 1;

  const data: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  for (let f = 0; f < kernels; f++) {
    const [x, y] = [(f % columns) * (1 + gap), Math.floor(f / columns) * lineHeight];
    const bar = f === 0 ? { bar: colorBar(options, quantity, Math.max(down * cell, 60)) } : {};
    data.push(
      tile(
        bitmap(f, 0),
        { x, y, width: 1, height: 1 },
        { ramp: theme.diverging, low: -limit, high: limit, label: `kernel ${f}, ${plain(quantity)}`, ...bar },
      ),
    );
    annotations.push({
      text: `kernel ${f}`,
      x: x + 0.5,
      y,
      yanchor: "bottom",
      showarrow: false,
      font: { size: size.text, color: theme.muted },
    });
  }
  const figureHeight = Math.round(margin.t + tall + 16);
  const broken = countNotFinite([values]);
  const note = broken === 0 ? "" : ` ${broken} values are not finite and left blank.`;
  return makeFigure(options, {
    data,
    layout: {
      xaxis: { visible: false, range: [0, across] },
      yaxis: { visible: false, range: [tall / cell, 0] },
      annotations,
      margin: { ...margin, r: size.width - margin.l - across * cell, b: figureHeight - margin.t - tall },
    },
    height: figureHeight,
    description: `${config.title}. ${kernels} kernels of ${height}×${width}; ${quantity} from ${short(range.low)} to ${short(range.high)}.${note}`,
  });
}
