import { configError, count, type Given, type JsonObject, list, object, text } from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions, wrap } from "./figure.js";

const drawnLayer = {
  /** The layer's name in the model, e.g. `conv1`. */
  name: text(),
  /** What it is, e.g. `Conv2d(1→8, 5×5, pad 2)`. */
  layer: text(),
  /** Shape of its output, e.g. `[8, 28, 28]`; written at the arrow that leaves it. */
  output: text(),
  /**
   * Numbers that training may change.
   * @default 0
   */
  parameters: count(0).or(0),
  /**
   * Names of the layers whose outputs it takes: several for a sum or a concatenation, `"input"` for the network's.
   * @default the layer before it
   */
  after: list(text(), "a list of names").optional(),
};
/** One box of a network diagram. */
export type DrawnLayer = Given<typeof drawnLayer>;

const networkDiagramOptions = {
  /** From the input to the output; what `model.summary` gives. */
  layers: list(object(drawnLayer), "a list of layers"),
  /**
   * Shape of one input sample; written at the first arrow.
   * @default ""
   */
  input: text().or(""),
};
/**
 * Options of `networkDiagram`.
 * @interface
 */
export type NetworkDiagramConfig = FigureOptions & Given<typeof networkDiagramOptions>;

/** A layer and where it stands. */
interface Box extends DrawnLayer {
  readonly after: readonly string[];
  /** From the top; layers of one row do not depend on each other. */
  readonly row: number;
}

/**
 * A network as boxes from top to bottom: name, kind and number of parameters of each layer, and at the arrows the
 * shapes that flow between them. Layers that take the same input stand side by side; an arrow may skip layers.
 * @throws GradbookError when data is missing, a name is unknown or comes twice, or an option is unknown
 *
 * @example
 * ```ts
 * import { flatten, linear, networkDiagram, relu, sequential } from "gradbook";
 *
 * const model = sequential([flatten(), linear({ in: 784, out: 10 }), relu()], { input: [1, 28, 28], seed: 1 });
 * const figure = networkDiagram({ title: "One layer", layers: model.summary, input: "[1, 28, 28]" });
 * console.log(figure.layout.meta.description); // One layer. A network of 3 layers with 7850 parameters: input [1, 28, 28] → flatten [784] → linear1 [10], 7850 parameters → relu1 [10].
 * ```
 */
export function networkDiagram(config: NetworkDiagramConfig): Figure {
  const { options, layers, input } = resolveOptions("networkDiagram", networkDiagramOptions, config);
  if (layers.length === 0) throw configError("networkDiagram", "no layers", "at least one");
  const boxes = placed(layers, input);
  const { size, theme } = options;
  const rows = Array.from({ length: Math.max(...boxes.map(({ row }) => row)) + 1 }, (_, r) =>
    boxes.filter(({ row }) => row === r),
  );
  const widest = Math.max(...rows.map((row) => row.length));
  const rowOf = new Map(boxes.map(({ name, row }) => [name, row]));
  // An arrow that skips layers runs in a lane beside the boxes, each in its own.
  const skips = boxes.flatMap((box) =>
    box.after.filter((from) => box.row - (rowOf.get(from) ?? 0) > 1).map((from) => ({ from, to: box.name })),
  );
  const lane = size.text * 1.2;
  const lanes = skips.length * lane;
  const gap = { x: size.text * 2, y: size.text * 1.9 };
  // Side by side, a box holds its lines; alone in its row, one line, and its output stands at its arrow.
  const stacked = widest > 1;
  const room = (size.width - 24 - lanes - (widest - 1) * gap.x) / widest;
  const letter = size.text * 0.51;
  const lines = new Map(boxes.map((one) => [one.name, linesOf(one, stacked, (room - 16) / letter)]));
  const longest = Math.max(
    ...[...lines.values()].flatMap((own) =>
      stacked ? own.map((line) => line.length) : own.join("   ").length,
    ),
  );
  const tallest = Math.max(...[...lines.values()].map((own) => own.length));
  const box = {
    width: Math.min(room, longest * letter + 24),
    height: size.text * (0.6 + 1.25 * (stacked ? tallest : 1)),
  };
  const step = box.height + gap.y;
  const centre = (size.width - 24 - lanes) / 2;
  const at = new Map(
    rows.flatMap((row, r) =>
      row.map(({ name }, c) => [
        name,
        { x: centre + (c - (row.length - 1) / 2) * (box.width + gap.x), y: r * step },
      ]),
    ),
  );
  const place = (name: string) => at.get(name) ?? { x: 0, y: 0 };

  const shapes: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  // The line is a shape of its own: that of an annotation stops short of its (empty) text.
  const arrow = (fromX: number, fromY: number, x: number, y: number) => {
    const line = { color: theme.muted, width: 1.2 };
    const ends = { x0: round(fromX), y0: round(fromY), x1: round(x), y1: round(y - (x === fromX ? 1 : 0)) };
    shapes.push({ type: "line", ...ends, line, layer: "below" });
    annotations.push({
      ...{ x: round(x), y: round(y), ax: round(fromX), ay: round(fromY) },
      ...{ xref: "x", yref: "y", axref: "x", ayref: "y", text: "", showarrow: true },
      ...{ arrowhead: 2, arrowsize: 1, arrowwidth: 1.2, arrowcolor: theme.muted },
    });
  };
  for (const layer of boxes) {
    const { x, y } = place(layer.name);
    const learns = layer.parameters !== undefined && layer.parameters > 0;
    shapes.push({
      type: "rect",
      x0: round(x - box.width / 2),
      x1: round(x + box.width / 2),
      y0: round(y),
      y1: round(y + box.height),
      line: { color: learns ? theme.series[0] : theme.line, width: 1.2 },
      fillcolor: learns ? `${theme.series[0]}1f` : theme.paper,
    });
    const [name, ...kind] = (lines.get(layer.name) ?? []).map(plain);
    annotations.push({
      text: [`<b>${name}</b>`, ...kind].join(stacked ? "<br>" : "\u2003"),
      x: round(x),
      y: round(y + box.height / 2),
      showarrow: false,
      font: { size: size.text, color: theme.text },
    });
    for (const from of layer.after) {
      const source = place(from);
      if (layer.row - (rowOf.get(from) ?? 0) === 1)
        arrow(source.x, source.y + box.height, x + (source.x - x) * 0.25, y);
    }
    if (!stacked && boxes.some(({ after, row }) => after.includes(layer.name) && row === layer.row + 1)) {
      annotations.push({
        text: plain(layer.output),
        x: round(x + 6),
        y: round(y + box.height + gap.y * 0.45),
        xanchor: "left",
        showarrow: false,
        font: { size: size.text * 0.92, color: theme.muted },
      });
    }
  }
  skips.forEach(({ from, to }, i) => {
    const [source, target] = [place(from), place(to)];
    const edge = centre + (widest * box.width + (widest - 1) * gap.x) / 2 + (i + 0.8) * lane;
    const [startY, endY] = [source.y + box.height * 0.7, target.y + box.height * 0.35];
    shapes.push({
      type: "path",
      path: `M ${round(source.x + box.width / 2)} ${round(startY)} L ${round(edge)} ${round(startY)} L ${round(edge)} ${round(endY)}`,
      line: { color: theme.muted, width: 1.2 },
      layer: "below",
    });
    arrow(edge, endY, target.x + box.width / 2, endY);
  });
  const last = boxes[boxes.length - 1];
  const down = rows.length * step;
  arrow(place(last.name).x, place(last.name).y + box.height, place(last.name).x, down);
  const ending = stacked ? [] : [last.output];
  for (const output of ending)
    annotations.push({
      text: plain(output),
      x: round(place(last.name).x + 6),
      y: round(down - gap.y * 0.55),
      xanchor: "left",
      showarrow: false,
      font: { size: size.text * 0.92, color: theme.muted },
    });
  const top = options.top + 6;
  const height = Math.round(top + down + 8);
  const total = layers.reduce((sum, { parameters = 0 }) => sum + parameters, 0);
  return makeFigure(options, {
    data: [{ type: "scatter", mode: "markers", x: [0], y: [0], marker: { opacity: 0 }, hoverinfo: "skip" }],
    layout: {
      xaxis: { visible: false, range: [0, size.width - 24] },
      yaxis: { visible: false, range: [height - top - 8, 0] },
      shapes,
      annotations,
      margin: { l: 12, r: 12, t: top, b: 8 },
      showlegend: false,
    },
    height,
    description: `${config.title}. A network of ${layers.length} layers with ${total} parameters: ${boxes.map((one, i) => inWords(one, boxes[i - 1])).join(" → ")}.`,
  });
}

/** Each layer one row below the lowest that it takes. */
function placed(layers: readonly DrawnLayer[], input: string): readonly Box[] {
  const boxes: Box[] = [{ name: "input", layer: "", output: input, after: [], row: 0 }];
  for (const layer of layers) {
    const known = boxes.map(({ name }) => name);
    const after = layer.after ?? [known[known.length - 1]];
    if (known.includes(layer.name))
      throw configError("networkDiagram", `two layers called "${layer.name}"`, "a name of its own for each");
    const strange = after.find((name) => !known.includes(name));
    if (strange !== undefined || after.length === 0)
      throw configError(
        "networkDiagram",
        `"${layer.name}" takes ${strange === undefined ? "nothing" : `"${strange}"`}`,
        `layers before it: ${known.join(", ")}`,
      );
    const row = 1 + Math.max(...boxes.filter(({ name }) => after.includes(name)).map((one) => one.row));
    boxes.push({ ...layer, after, row });
  }
  return boxes;
}

/** The built-in layers say their parameters themselves. */
function kindOf({ layer, parameters = 0 }: DrawnLayer): string {
  if (parameters === 0 || layer.includes("param")) return layer;
  return `${layer}${layer === "" ? "" : ", "}${parameters.toLocaleString("en-US")} params`;
}

/** Name, kind and (side by side) output of a layer. */
function linesOf(layer: Box, stacked: boolean, letters: number): readonly string[] {
  const kind = kindOf(layer);
  if (!stacked) return kind === "" ? [layer.name] : [layer.name, cut(kind, letters - layer.name.length - 3)];
  const output = layer.output === "" ? [] : [layer.row === 0 ? layer.output : `→ ${layer.output}`];
  return [layer.name, ...(kind === "" ? [] : wrap(kind, letters)), ...output].map((line) =>
    cut(line, letters),
  );
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
}

function inWords({ name, output, parameters = 0, after }: Box, before: Box | undefined): string {
  const from = before === undefined || (after.length === 1 && after[0] === before.name);
  const shape = output === "" ? "" : ` ${output}`;
  return `${name}${from ? "" : ` (takes ${after.join(" and ")})`}${shape}${parameters === 0 ? "" : `, ${parameters} parameters`}`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
