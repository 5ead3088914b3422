import { count, type Given, list, shapeError, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions, short } from "./figure.js";
import { axisLook } from "./panels.js";
import { inkOn } from "./theme.js";

const confusionFigureOptions = {
  /**
   * `matrix[t][p]`: how many images of class `t` the network takes for class `p`; `[K][K]` counts, as `confusionMatrix` gives them.
   */
  matrix: list(list(count(0), "a row of counts"), "a list of rows of counts"),
  /**
   * Names of the classes; classes beyond them have their number.
   * @default "0", "1" …
   */
  labels: list(text(), "a list of names").optional(),
};
/**
 * Options of `confusionFigure`.
 * @interface
 */
export type ConfusionFigureConfig = FigureOptions & Given<typeof confusionFigureOptions>;

/**
 * True classes in rows, predicted ones in columns; the counts as text, coloured by the share of the row,
 * with each class's recall (the diagonal's share of its row) at the right.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { confusionFigure } from "gradbook";
 *
 * const figure = confusionFigure({
 *   title: "Cats and dogs",
 *   matrix: [[8, 2], [1, 9]],
 *   labels: ["cat", "dog"],
 * });
 * console.log(figure.layout.meta.name); // cats-and-dogs
 * ```
 */
export function confusionFigure(config: ConfusionFigureConfig): Figure {
  const {
    options,
    matrix,
    labels: names = [],
  } = resolveOptions("confusionFigure", confusionFigureOptions, config);
  const k = matrix.length;
  checkMatrix(matrix, names);
  const labels = matrix.map((_, i) => names[i] ?? String(i));
  const { size, theme } = options;

  const totals = matrix.map((row) => row.reduce((a, b) => a + b, 0));
  const share = matrix.map((row, t) => row.map((n) => (totals[t] === 0 ? null : short(n / totals[t]))));
  const total = totals.reduce((a, b) => a + b, 0);
  const right = matrix.reduce((sum, row, t) => sum + row[t], 0);
  const recall = matrix.map((row, t) => (totals[t] === 0 ? "–" : percent(row[t] / totals[t])));

  const labelWidth = 0.52 * size.text * longest(labels);
  const across = { l: size.text * 3 + labelWidth, r: size.text * 5 };
  const cell = Math.min(size.text * 3.4, (size.width - across.l - across.r) / k);
  // Long names stand upright below the matrix.
  const upright = labelWidth > cell * 0.9;
  const margin = {
    ...across,
    t: options.top + size.text,
    b: size.text * 3.2 + (upright ? labelWidth : size.text),
  };
  const side = cell * k;
  const height = Math.round(side + margin.t + margin.b);
  const ticks = {
    tickmode: "array",
    tickvals: labels.map((_, i) => i),
    ticktext: labels.map(plain),
    ticks: "",
  };
  const axis = {
    ...axisLook(options),
    ...ticks,
    ticklabelstandoff: 4,
    showgrid: false,
    showline: false,
    constrain: "domain",
  };
  const title = (text: string, standoff: number) => ({
    text,
    standoff,
    font: { size: size.text, color: theme.muted },
  });

  return makeFigure(options, {
    data: [
      {
        type: "heatmap",
        z: share,
        customdata: matrix,
        hovertemplate:
          "true %{y}, predicted %{x}: %{customdata} images (%{z:.1%} of the class)<extra></extra>",
        zmin: 0,
        zmax: 1,
        colorscale: theme.sequential,
        showscale: false,
        xgap: 1,
        ygap: 1,
      },
    ],
    layout: {
      xaxis: {
        ...axis,
        tickangle: upright ? -90 : 0,
        range: [-0.5, k - 0.5],
        title: title("predicted class", 6),
      },
      yaxis: { ...axis, range: [k - 0.5, -0.5], title: title("true class", 6) },
      annotations: [
        // Counts that would not fit into their cells are left to the hover text.
        ...(cell < size.text * 1.6 ? [] : matrix).flatMap((row, t) =>
          row.flatMap((n, p) =>
            n === 0
              ? []
              : [
                  {
                    text: String(n),
                    x: p,
                    y: t,
                    showarrow: false,
                    font: { size: size.text, color: inkOn(theme.sequential, n / totals[t]) },
                  },
                ],
          ),
        ),
        ...recall.map((text, t) => ({
          text,
          x: 1,
          xref: "paper",
          xanchor: "left",
          xshift: 6,
          y: t,
          showarrow: false,
          font: { size: size.text, color: theme.text },
        })),
        {
          text: "recall",
          x: 1,
          xref: "paper",
          xanchor: "left",
          xshift: 6,
          y: 1,
          yref: "paper",
          yanchor: "bottom",
          showarrow: false,
          font: { size: size.text, color: theme.muted },
        },
      ],
      margin: { ...margin, r: size.width - margin.l - side },
    },
    height,
    description: `${config.title}. ${right} of ${total} images (${percent(right / Math.max(1, total))}) are on the diagonal. ${confusions(matrix, labels)}`,
  });
}

/** The commonest mistakes in words. */
function confusions(matrix: readonly (readonly number[])[], labels: readonly string[]): string {
  const off = matrix.flatMap((row, t) =>
    row.map((n, p) => ({ n, t, p })).filter((e) => e.t !== e.p && e.n > 0),
  );
  if (off.length === 0) return "No image is taken for another class.";
  const most = off.sort((a, b) => b.n - a.n || a.t - b.t || a.p - b.p).slice(0, 3);
  return `Most often ${most.map((e) => `${labels[e.t]} is taken for ${labels[e.p]} (${e.n})`).join(", ")}.`;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

function longest(labels: readonly string[]): number {
  return Math.max(...labels.map((l) => l.length));
}

function checkMatrix(matrix: readonly (readonly number[])[], labels: readonly string[]): void {
  const k = matrix.length;
  if (k === 0) throw shapeError("confusionFigure", "no classes", "a K×K matrix of counts");
  if (labels.length > k)
    throw shapeError(
      "confusionFigure",
      `${labels.length} labels for ${k} classes`,
      "at most one for each class",
    );
  matrix.forEach((row, t) => {
    if (row.length !== k)
      throw shapeError("confusionFigure", `row ${t} has ${row.length} entries`, `${k}, one for each class`);
  });
}
