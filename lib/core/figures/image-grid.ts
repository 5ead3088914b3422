import { configError, count, type Given, type JsonObject, list, object, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions, wrap } from "./figure.js";
import { bitmapOption, picture } from "./tiles.js";

const labelledImage = {
  /** Grey (`height × width` values) or colour (3 × as many, channel after channel). */
  image: bitmapOption(),
  /**
   * Written under the image; broken into lines where it is longer than the image is wide.
   * @default none
   */
  label: text().optional(),
};
/** An image and what it is. */
export type LabelledImage = Given<typeof labelledImage>;

const imageGridOptions = {
  /** Row by row. */
  images: list(object(labelledImage), "a list of images with labels"),
  /**
   * Images in a row.
   * @default 10 on a page, 5 in a column, at most as many as there are
   */
  columns: count().optional(),
};
/**
 * Options of `imageGrid`.
 * @interface
 */
export type ImageGridConfig = FigureOptions & Given<typeof imageGridOptions>;

/**
 * Images in rows, each with its label below: samples of a data set, inputs before and after augmentation. Each image
 * runs from its own least value (black) to its largest (white).
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { imageGrid } from "gradbook";
 *
 * const image = { height: 2, width: 2, data: [0, 1, 1, 0] };
 * const figure = imageGrid({ title: "Samples", images: [{ image, label: "3" }, { image, label: "8" }] });
 * console.log(figure.layout.meta.description); // Samples. 2 images: 3, 8.
 * ```
 */
export function imageGrid(config: ImageGridConfig): Figure {
  const { options, images, ...given } = resolveOptions("imageGrid", imageGridOptions, config);
  if (images.length === 0) throw configError("imageGrid", "no images", "at least one");
  const { size, theme, top } = options;
  const columns = Math.min(images.length, given.columns ?? (size.name === "column" ? 5 : 10));
  const gap = size.text * 0.7;
  const room = size.width - 24;
  // A few images are not blown up to the width of the page.
  const cell = Math.min((room - (columns - 1) * gap) / columns, size.width / 4);
  const lines = images.map(({ label = "" }) => (label === "" ? [] : wrap(label, cell / (size.text * 0.5))));
  const rows = Array.from({ length: Math.ceil(images.length / columns) }, (_, r) => {
    const own = images.slice(r * columns, (r + 1) * columns);
    const tallest = Math.max(...own.map(({ image }) => Math.min(cell, (cell * image.height) / image.width)));
    const labels = Math.max(...lines.slice(r * columns, (r + 1) * columns).map((l) => l.length));
    return { tallest, height: tallest + (labels === 0 ? 0 : 2 + labels * size.text * 1.25) + gap };
  });

  // All in pixels: one invisible pair of axes whose unit is the pixel of the figure, y downwards.
  const pictures: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  images.forEach(({ image }, i) => {
    const r = Math.floor(i / columns);
    const x = (i % columns) * (cell + gap);
    const y = rows.slice(0, r).reduce((sum, row) => sum + row.height, 0);
    // Images of other shapes keep them, in the middle of their cell and standing on its label.
    const width = Math.min(cell, (cell * image.width) / image.height);
    const height = Math.min(cell, (cell * image.height) / image.width);
    const place = { x: x + (cell - width) / 2, y: y + rows[r].tallest - height, width, height };
    pictures.push(picture(image, rounded(place)));
    if (lines[i].length === 0) return;
    annotations.push({
      text: lines[i].map(plain).join("<br>"),
      x: round(x + cell / 2),
      y: round(y + rows[r].tallest + 1),
      yanchor: "top",
      showarrow: false,
      font: { size: size.text, color: theme.text },
    });
  });
  const down = rows.reduce((sum, row) => sum + row.height, 0);
  const height = Math.round(top + 4 + down);
  const shown = images.map(({ label }) => label ?? "").filter((label) => label !== "");
  const named = shown.slice(0, 40).join(", ") + (shown.length > 40 ? " …" : "");
  return makeFigure(options, {
    data: [{ type: "scatter", mode: "markers", x: [0], y: [0], marker: { opacity: 0 }, hoverinfo: "skip" }],
    layout: {
      xaxis: { visible: false, range: [0, round(room)] },
      yaxis: { visible: false, range: [round(down), 0] },
      images: pictures,
      annotations,
      margin: { l: 12, r: 12, t: top + 4, b: height - top - 4 - Math.round(down) },
      showlegend: false,
    },
    height,
    description: `${config.title}. ${images.length} images${named === "" ? "" : `: ${named}`}.`,
  });
}

function rounded(place: { x: number; y: number; width: number; height: number }) {
  const { x, y, width, height } = place;
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
