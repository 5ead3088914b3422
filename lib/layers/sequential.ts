import { GradbookError, inWords, refuseUnknownKeys } from "../errors/error.js";
import { Rng } from "../tensor/rng.js";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.js";
import { type DType, parseDType, Tensor } from "../tensor/tensor.js";
import { assertLayer, assertMethod, returned } from "./assert-layer.js";
import { type Init, initialize } from "./init.js";
import { type ForwardContext, isBuiltin, type Layer, type Parameter } from "./layer.js";

export interface SequentialConfig {
  /** Shape of one sample: `[C, H, W]` or `[features]`. */
  readonly input: Shape;
  /** Seed of the initial weights; default 0. */
  readonly seed?: number | string;
  /** How the built-in layers' weights start; default "pytorch". A layer written by hand brings its own. */
  readonly init?: Init;
  /** Precision of the parameters; default "float32". */
  readonly dtype?: DType;
}

/** One layer in its place: its name and the shapes of one sample before and after it. */
export interface NamedLayer {
  readonly name: string;
  readonly layer: Layer;
  readonly input: Shape;
  readonly output: Shape;
}

/** A parameter with its full name, e.g. `conv1.weight`. */
export interface NamedParameter {
  readonly name: string;
  readonly parameter: Parameter;
}

/**
 * A model: layers one after another.
 *
 *     const model = sequential([conv2d({ in: 1, out: 4, kernel: 5, pad: 2 }), relu(), flatten(), linear({ in: 3136, out: 10 })],
 *       { input: [1, 28, 28], seed: 1, init: "he" });
 *
 * A model among the layers stands for its layers. The model gives the built-in layers new weights, also those that were
 * trained in another model: make layers anew for each model.
 *
 * @throws GradbookError when a layer does not fit the one before it
 */
export function sequential(layers: readonly Layer[], config: SequentialConfig): Sequential {
  return new Sequential(layers, config);
}

export class Sequential {
  readonly input: Shape;
  readonly dtype: DType;
  readonly seed: number | string;
  readonly init: Init;
  readonly layers: readonly NamedLayer[];
  private readonly evaluating: ForwardContext;

  constructor(layers: readonly Layer[], config: SequentialConfig) {
    refuseUnknownKeys("sequential", config, ["input", "seed", "init", "dtype"]);
    this.input = parseInput(config.input);
    this.dtype = parseDType("sequential", config.dtype ?? "float32");
    this.seed = config.seed ?? 0;
    this.init = config.init ?? "pytorch";
    if (!Array.isArray(layers) || layers.length === 0) {
      throw new GradbookError({
        code: "config",
        what: "sequential",
        got: Array.isArray(layers) ? "no layers" : `layers is ${inWords(layers)}`,
        expected: "a list of at least one",
      });
    }
    this.evaluating = { training: false, rng: new Rng("evaluation") };
    this.layers = this.place(layers.flatMap(single));
    this.initialize();
  }

  get output(): Shape {
    return this.layers[this.layers.length - 1].output;
  }

  /** x: [N, …input] → [N, …output]. */
  forward(x: Tensor, context: ForwardContext = this.evaluating): Tensor {
    let y = x;
    for (const { name, layer } of this.layers) y = returned(name, "forward", layer.forward(y, context));
    return y;
  }

  /** Runs the last forward backwards: dy by its output → dx by its input; parameter gradients are added up. */
  backward(dy: Tensor): Tensor {
    let dx = dy;
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const { name, layer } = this.layers[i];
      assertMethod(name, layer, "backward");
      dx = returned(name, "backward", layer.backward(dx));
    }
    return dx;
  }

  /** Every layer's output for x, by the layer's name, in order: `activations(x).conv1` is [N, F, OH, OW]. */
  activations(x: Tensor): Record<string, Tensor> {
    const outputs: Record<string, Tensor> = {};
    let y = x;
    for (const { name, layer } of this.layers) {
      y = returned(name, "forward", layer.forward(y, this.evaluating));
      outputs[name] = y;
    }
    return outputs;
  }

  /** @throws GradbookError when there is no layer of that name */
  layer(name: string): Layer {
    const found = this.layers.find((l) => l.name === name);
    if (found !== undefined) return found.layer;
    throw new GradbookError({
      code: "index",
      what: "model",
      got: `no layer "${name}"`,
      expected: `one of ${this.layers.map((l) => l.name).join(", ")}`,
    });
  }

  /** What the optimizer updates, in the layers' order. */
  get parameters(): readonly NamedParameter[] {
    return this.layers.flatMap(({ name, layer }) => named(name, layer.params));
  }

  /** What training keeps beside the parameters: running statistics. */
  get buffers(): readonly NamedParameter[] {
    return this.layers.flatMap(({ name, layer }) => (isBuiltin(layer) ? named(name, layer.buffers) : []));
  }

  get parameterCount(): number {
    return this.parameters.reduce((sum, { parameter }) => sum + parameter.value.size, 0);
  }

  zeroGradients(): void {
    for (const { parameter } of this.parameters) parameter.grad.data.fill(0);
  }

  /** One row a layer: name, what it is, output shape of one sample, parameters. */
  get summary(): readonly { name: string; layer: string; output: string; parameters: number }[] {
    return this.layers.map(({ name, layer, output }) => ({
      name,
      layer: describe(layer),
      output: formatShape(output),
      parameters: named(name, layer.params).reduce((sum, { parameter }) => sum + parameter.value.size, 0),
    }));
  }

  toString(): string {
    const rows = [
      ["", "input", formatShape(this.input), ""],
      ...this.summary.map((r) => [r.name, r.layer, r.output, r.parameters.toLocaleString("en-US")]),
      ["", "", "total", this.parameterCount.toLocaleString("en-US")],
    ];
    const width = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
    return rows
      .map((row) =>
        row
          .map((text, i) => (i === 3 ? text.padStart(width[i]) : text.padEnd(width[i])))
          .join("  ")
          .trimEnd(),
      )
      .join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    const row = (tag: string, cells: readonly string[]) =>
      `<tr>${cells.map((text) => `<${tag} style="text-align:left">${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
    const body = this.summary.map((r) =>
      row("td", [r.name, r.layer, r.output, r.parameters.toLocaleString("en-US")]),
    );
    const html = `<table><thead>${row("th", ["layer", "", "output of one sample", "parameters"])}</thead><tbody>${body.join("")}${row(
      "th",
      ["total", "", "", this.parameterCount.toLocaleString("en-US")],
    )}</tbody></table>`;
    return { "text/html": html, "text/plain": this.toString() };
  }

  /** Names the layers, follows one sample's shape through them, and casts the parameters. */
  private place(layers: readonly Layer[]): NamedLayer[] {
    const counts = new Map<string, number>();
    const names = new Set<string>();
    let input = this.input;
    return layers.map((layer, i) => {
      assertLayer(layer, i, this.dtype);
      refuseTwice(layers, layer, i);
      const kind = isBuiltin(layer)
        ? shortNames[layer.spec.kind]
        : lowerFirst(layer.constructor.name || "layer");
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const name = layer.name ?? `${kind}${kind === "flatten" ? "" : counts.get(kind)}`;
      if (names.has(name)) {
        throw new GradbookError({
          code: "config",
          what: "sequential",
          got: `two layers are called "${name}"`,
          expected: "a name of its own for each",
        });
      }
      names.add(name);
      for (const { parameter } of named(name, layer.params)) castIfNeeded(parameter, this.dtype);
      if (isBuiltin(layer))
        for (const { parameter } of named(name, layer.buffers)) castIfNeeded(parameter, this.dtype);
      const placed = { name, layer, input, output: this.outputOf(name, layer, input) };
      input = placed.output;
      return placed;
    });
  }

  private outputOf(name: string, layer: Layer, input: Shape): Shape {
    try {
      if (layer.outputShape !== undefined) return layer.outputShape(input);
      const y = layer.forward(Tensor.zeros([2, ...input], this.dtype), this.evaluating);
      return returned(name, "forward", y).shape.slice(1);
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      throw new GradbookError(
        { ...record(error), what: `${name} (after ${formatShape(input)})` },
        { cause: error },
      );
    }
  }

  /** Starts all built-in layers' weights anew: a layer that another model has loses what it learned there. */
  private initialize(): void {
    const rng = new Rng(this.seed).fork("init");
    for (const { name, layer } of this.layers) {
      if (!isBuiltin(layer)) continue;
      for (const { name: full, parameter } of named(name, layer.params)) {
        initialize(parameter, full.endsWith(".bias"), this.init, rng.fork(full));
      }
      for (const { parameter } of named(name, layer.buffers)) initialize(parameter, false, "zeros", rng);
    }
  }
}

const shortNames: Readonly<Record<string, string>> = {
  conv2d: "conv",
  maxPool2d: "pool",
  avgPool2d: "pool",
  linear: "linear",
  relu: "relu",
  leakyRelu: "leakyRelu",
  sigmoid: "sigmoid",
  tanh: "tanh",
  flatten: "flatten",
  batchNorm1d: "norm",
  batchNorm2d: "norm",
  dropout: "dropout",
};

/** A model's layers are the outer model's own, so that they are trained, counted and named as if written there. */
function single(layer: Layer): readonly Layer[] {
  return layer instanceof Sequential ? layer.layers.map((inner) => inner.layer) : [layer];
}

function parseInput(input: Shape): Shape {
  if (Array.isArray(input) && input.length > 0 && input.every((n) => Number.isInteger(n) && n >= 1))
    return input;
  throw new GradbookError({
    code: "config",
    what: "sequential",
    got: `input is ${Array.isArray(input) ? formatShape(input) : inWords(input)}`,
    expected: "the shape of one sample, sizes of at least 1",
    cure: "[1, 28, 28] is one of MNIST's images, [784] its pixels in a row.",
  });
}

/** A layer keeps what its backward needs of its last forward, so at a second place the first one's would be lost. */
function refuseTwice(layers: readonly Layer[], layer: Layer, i: number): void {
  const first = layers.indexOf(layer);
  if (first === i) return;
  throw new GradbookError({
    code: "config",
    what: "sequential",
    got: `layers ${first + 1} and ${i + 1} are the same object, ${describe(layer)}`,
    expected: "a layer of its own at each place",
    cure: "Make a second one.",
  });
}

function named(layer: string, params: Readonly<Record<string, Parameter>> | undefined): NamedParameter[] {
  return Object.entries(params ?? {}).map(([name, parameter]) => ({ name: `${layer}.${name}`, parameter }));
}

function castIfNeeded(parameter: Parameter, dtype: DType): void {
  if (parameter.value.dtype !== dtype) parameter.cast(dtype);
}

function describe(layer: Layer): string {
  if (isBuiltin(layer)) return String(layer);
  const size = named("", layer.params).reduce((sum, { parameter }) => sum + sizeOf(parameter.value.shape), 0);
  return `${layer.constructor.name || "layer"} (written by hand${size > 0 ? `, ${size} params` : ""})`;
}

function record({ code, got, expected, cure }: GradbookError) {
  return {
    code,
    got,
    ...(expected === undefined ? {} : { expected }),
    ...(cure === undefined ? {} : { cure }),
  };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
