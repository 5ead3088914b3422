import {
  assertMembers,
  configError,
  displaySymbol,
  type Given,
  GradbookError,
  inWords,
  oneOf,
  option,
  options,
  seed,
  shapeError,
} from "@gradbook/base";
import { layerKinds } from "../engine/stages/choose.js";
import { Rng } from "../tensor/rng.js";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.js";
import { assertTensor, type DType, Tensor } from "../tensor/tensor.js";
import { assertLayer, assertMethod } from "./assert-layer.js";
import { assertWhole, type Layers, takenBy } from "./branches.js";
import { rememberFields } from "./fields.js";
import { type Init, init, initialize } from "./init.js";
import {
  builtinSpec,
  type ForwardContext,
  isTrainable,
  type Layer,
  type NamedLayer,
  originOf,
  Parameter,
} from "./layer.js";
import { heldBy, modelBrand, type NamedBuffer } from "./nested.js";
import { assertReturned, runBackward, runForward } from "./run-layer.js";

const sequentialOptions = {
  /** Shape of one sample: `[C, H, W]` or `[features]`. */
  input: option<Shape>(
    "the shape of one sample, sizes of at least 1",
    (v) =>
      Array.isArray(v) && v.length > 0 && v.every((n) => Number.isInteger(n) && n >= 1) ? v : undefined,
    () => "[1, 28, 28] is one of MNIST's images, [784] its pixels in a row.",
  ),
  /**
   * Seed of the initial weights.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * How the built-in layers' weights start. A layer written by hand brings its own.
   * @default "pytorch"
   */
  init: init().or("pytorch"),
  /**
   * Precision of the parameters. float32 trains on the engine, float64 in readable loops.
   * @default "float32"
   */
  dtype: oneOf("float32", "float64").or("float32"),
};
/**
 * Options of `sequential`.
 * @interface
 */
export type SequentialConfig = Given<typeof sequentialOptions>;

/** One row of a model's summary. */
export interface LayerSummary {
  /** The layer's name in the model, e.g. `conv1`. */
  readonly name: string;
  /** What it is: `Conv2d(1→8, 5×5, pad 2, 208 params)`. */
  readonly layer: string;
  /** Shape of one output sample, as text: `[8, 28, 28]`. */
  readonly output: string;
  /** Numbers that training may change. */
  readonly parameters: number;
  /**
   * The layers whose outputs it takes, in a model with branches; `"input"` is the model's.
   * @default the layer before it
   */
  readonly after?: readonly string[];
}

/** A parameter with its full name, e.g. `conv1.weight`. */
export interface NamedParameter {
  /** Layer and parameter, e.g. `conv1.weight`. */
  readonly name: string;
  /** Value and gradient. */
  readonly parameter: Parameter;
}

/**
 * A model: layers one after another.
 *
 * A model among the layers is replaced by its layers. A built-in layer gets its first weights from the first model that
 * contains it, unless they were set before; in every other model it keeps what it has learned, and the models share it.
 * That is how a trained trunk gets a new head.
 *
 * @param layers built-in layers, layers written by hand, or models; lists of them are taken one after another
 * @throws GradbookError when a layer does not fit the one before it
 *
 * @example
 * ```ts
 * import { conv2d, flatten, linear, maxPool2d, relu, sequential } from "gradbook";
 *
 * const model = sequential(
 *   [
 *     conv2d({ in: 1, out: 4, kernel: 5, pad: 2 }),
 *     relu(),
 *     maxPool2d({ kernel: 2 }),
 *     flatten(),
 *     linear({ in: 4 * 14 * 14, out: 10 }),
 *   ],
 *   { input: [1, 28, 28], seed: 1, init: "he" },
 * );
 * console.log(model.parameterCount); // 7954
 *
 * // the same convolution under a new head; frozen, it stays as it is
 * const trunk = model.layers.slice(0, -1).map(({ layer }) => layer);
 * for (const layer of trunk) layer.trainable = false;
 * const other = sequential([...trunk, linear({ in: 784, out: 5 })], { input: [1, 28, 28], seed: 2 });
 * console.log(other.output); // [ 5 ]
 * ```
 */
export function sequential(layers: Layers, config: SequentialConfig): Sequential {
  return new Sequential(layers, config);
}

/** A model that `sequential` made. As a cell's last expression it shows itself as a table of its layers. */
export class Sequential {
  /** Shape of one input sample, without the batch's axis. */
  readonly input: Shape;
  /** Precision of the parameters and of what `forward` gives. */
  readonly dtype: DType;
  /** Seed of the initial weights. */
  readonly seed: number | string;
  /** How the built-in layers' weights started. */
  readonly init: Init;
  /** The layers in their order, each with its name and the shapes around it. */
  readonly layers: readonly NamedLayer[];
  private readonly evaluating: ForwardContext;

  constructor(layers: Layers, config: SequentialConfig) {
    const { input, seed, init, dtype } = options("sequential", sequentialOptions, config);
    this.input = input;
    this.dtype = dtype;
    this.seed = seed;
    this.init = init;
    if (!Array.isArray(layers))
      throw configError("sequential", `layers is ${inWords(layers)}`, "a list of at least one");
    this.evaluating = { training: false, rng: new Rng("evaluation") };
    const flat = layers.flatMap(single);
    if (flat.length === 0) throw configError("sequential", "no layers", "a list of at least one");
    assertWhole(flat.map((layer) => ({ spec: builtinSpec(layer) })));
    this.layers = Object.freeze(this.place(flat));
    this.initialize();
    modelBrand.mark(this, {}, Sequential.prototype, ["layers", "input", "dtype"]);
  }

  /** Shape of one output sample. */
  get output(): Shape {
    return this.layers[this.layers.length - 1].output;
  }

  /**
   * x: [N, …input] → [N, …output].
   * @param context training or evaluation; by default evaluation
   * @throws GradbookError when a layer does not fit its input or gives something else than a tensor
   */
  forward(x: Tensor, context: ForwardContext = this.evaluating): Tensor {
    assertTensor("model", "x", x);
    let y = x;
    for (const placed of this.layers) y = runForward(placed, y, context);
    return y;
  }

  /**
   * Runs the last forward backwards: dy [N, …output] → dx [N, …input]. Gradients of parameters are added to
   * `parameter.grad`.
   */
  backward(dy: Tensor): Tensor {
    assertTensor("model", "dy", dy);
    let dx = dy;
    for (let i = this.layers.length - 1; i >= 0; i--) {
      assertMethod(this.layers[i].name, this.layers[i].layer, "backward");
      dx = runBackward(this.layers[i], dx);
    }
    return dx;
  }

  /** Every layer's output for x, by the layer's name, in order: `activations(x).conv1` is [N, F, OH, OW]. */
  activations(x: Tensor): Record<string, Tensor> {
    assertTensor("model", "x", x);
    const outputs: Record<string, Tensor> = {};
    let y = x;
    for (const placed of this.layers) {
      y = runForward(placed, y, this.evaluating);
      outputs[placed.name] = y;
    }
    return outputs;
  }

  /**
   * The layer of that name, e.g. `model.layer("conv1")`.
   * @throws GradbookError when there is none
   */
  layer(name: string): Layer {
    const found = this.layers.find((l) => l.name === name);
    if (found !== undefined) return found.layer;
    throw new GradbookError({
      code: "index",
      what: "model",
      got: `no layer ${inWords(name)}`,
      expected: `one of ${this.layers.map((l) => l.name).join(", ")}`,
    });
  }

  /** What the optimizer updates, in the layers' order; a parameter that two layers share, once. */
  get parameters(): readonly NamedParameter[] {
    const seen = new Set<Parameter>();
    return this.layers
      .flatMap(({ name, layer }) => named(name, layer))
      .filter(({ parameter }) => !seen.has(parameter) && seen.add(parameter));
  }

  /** What training keeps besides the parameters: running statistics, the memory of layers written by hand. */
  get buffers(): readonly NamedBuffer[] {
    return this.layers.flatMap(({ name, layer }) => heldBy(name, layer).buffers);
  }

  /** Whether any layer is trainable; setting it freezes or frees every layer. */
  get trainable(): boolean {
    return this.layers.some(({ layer }) => layer.trainable !== false);
  }

  /** Freezes or frees every layer. */
  set trainable(trainable: boolean) {
    for (const { layer } of this.layers) layer.trainable = trainable;
  }

  /** Numbers that training may change: all elements of all parameters. */
  get parameterCount(): number {
    return this.parameters.reduce((sum, { parameter }) => sum + parameter.value.size, 0);
  }

  /** Sets the gradients of all parameters to 0; `fit` does it before each step. */
  zeroGradients(): void {
    for (const { parameter } of this.parameters) parameter.grad.data.fill(0);
  }

  /**
   * One row per layer: name, what it is, output shape of one sample, number of parameters. Where branches begin nothing is
   * computed, and there is no row.
   */
  get summary(): readonly LayerSummary[] {
    const taken = takenBy(this.layers);
    const isChain = taken.size === this.layers.length;
    return this.layers.flatMap(({ name, layer, output }) => {
      const after = taken.get(name);
      if (after === undefined) return [];
      return {
        name,
        layer: describe(layer),
        output: formatShape(output),
        parameters: named(name, layer).reduce((sum, { parameter }) => sum + parameter.value.size, 0),
        ...(isChain ? {} : { after }),
      };
    });
  }

  /** The rows of the table: with branches, each says what it takes where that is not the row before. */
  private get rows(): string[][] {
    const { summary } = this;
    return summary.map(({ name, layer, output, parameters, after = [] }, i) => {
      const before = i === 0 ? "input" : summary[i - 1].name;
      const from =
        after.length === 0 || (after.length === 1 && after[0] === before) ? "" : ` ← ${after.join(", ")}`;
      return [name, layer + from, output, parameters.toLocaleString("en-US")];
    });
  }

  /** The summary as lines of text, with the total below. */
  toString(): string {
    const rows = [
      ["", "input", formatShape(this.input), ""],
      ...this.rows,
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

  [displaySymbol](): Record<string, string> {
    const row = (tag: string, cells: readonly string[]) =>
      `<tr>${cells.map((text) => `<${tag} style="text-align:left">${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
    const body = this.rows.map((cells) => row("td", cells));
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
      rememberFields(layer);
      refuseTwice(layers, layer, i);
      const origin = originOf(layer);
      const kind =
        origin === undefined ? lowerFirst(layer.constructor.name || "layer") : layerKinds[origin.kind].name;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const name =
        layer.name ?? `${kind}${kind === "flatten" && counts.get(kind) === 1 ? "" : counts.get(kind)}`;
      if (names.has(name)) {
        throw configError("sequential", `two layers are called "${name}"`, "a different name for each");
      }
      names.add(name);
      this.cast(name, layer);
      const output = this.outputOf(name, layer, input);
      const placed = { name, layer, input, output };
      input = output;
      return Object.freeze(placed);
    });
  }

  private outputOf(name: string, layer: Layer, input: Shape): Shape {
    try {
      if (layer.outputShape !== undefined) return layer.outputShape(input);
      const y = layer.forward(Tensor.zeros([2, ...input], this.dtype), this.evaluating);
      const [N, ...sample] = assertReturned(name, "forward", y).shape;
      if (N === 2) return sample;
      throw shapeError(
        name,
        `forward returned ${formatShape(y.shape)} for a batch of 2 samples`,
        "[2, …]: the first axis is the batch",
      );
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      throw new GradbookError(
        { ...record(error), what: `${name} (after ${formatShape(input)})` },
        { cause: error },
      );
    }
  }

  /** Brings a layer to the model's precision. */
  private cast(name: string, layer: Layer): void {
    for (const { name: full, parameter } of [...named(name, layer), ...named(name, builtinBuffers(layer))]) {
      if (parameter.value.dtype === this.dtype) continue;
      if (started.has(parameter)) throw otherPrecision(full, parameter.value.dtype, this.dtype);
      parameter.cast(this.dtype);
    }
  }

  /** Gives the built-in layers that have none yet their first weights, each from a stream of its own. */
  private initialize(): void {
    const rng = new Rng(this.seed).fork("init");
    for (const { name, layer } of this.layers)
      for (const { name: full, parameter } of named(name, layer)) {
        if (originOf(layer) !== undefined && isUntouched(parameter))
          initialize(parameter, full.endsWith(".bias"), this.init, rng.fork(full));
        started.add(parameter);
      }
  }
}

/** Parameters that have their first weights: they are not drawn a second time. */
const started = new WeakSet<Parameter>();

/** Whether a parameter still holds what its constructor wrote: weights that somebody has set stay. */
function isUntouched(parameter: Parameter): boolean {
  const { value, fixed = 0 } = parameter;
  return !started.has(parameter) && value.data.every((v) => v === fixed);
}

function otherPrecision(name: string, has: DType, wanted: DType): GradbookError {
  return configError(
    `sequential, ${name}`,
    `its layer belongs to a ${has} model`,
    `a layer of a ${wanted} model, as this one is`,
    `Give this model dtype: "${has}", or create a separate layer for it.`,
  );
}

/**
 * A model's layers are the outer model's own, so that they are trained, counted and named as if written there. A model
 * whose passes somebody has changed is a layer that has those passes.
 */
function single(layer: Layers[number]): readonly Layer[] {
  if (isList(layer)) return layer.flatMap(single);
  if (!isModel(layer)) return [layer as Layer];
  return modelBrand.specOf(layer) === undefined ? [layerOf(layer)] : layer.layers.map((inner) => inner.layer);
}

const isList = (layer: Layers[number]): layer is Layers => Array.isArray(layer);

/** By its fields where it is not by its class: a notebook may have loaded the library a second time. */
function isModel(layer: Exclude<Layers[number], Layers>): layer is Sequential {
  if (layer instanceof Sequential) return true;
  return typeof layer === "object" && layer !== null && "layers" in layer && "parameters" in layer;
}

function layerOf(model: Sequential): Layer {
  return {
    params: Object.fromEntries(model.parameters.map(({ name, parameter }) => [name, parameter])),
    buffers: Object.fromEntries(model.buffers.map(({ name, parameter }) => [name, parameter])),
    outputShape: () => model.output,
    forward: (x, context) => model.forward(x, context),
    backward: (dy) => model.backward(dy),
  };
}

/** A layer keeps what its backward needs of its last forward, so at a second place the first one's would be lost. */
function refuseTwice(layers: readonly Layer[], layer: Layer, i: number): void {
  const first = layers.indexOf(layer);
  if (first === i) return;
  throw configError(
    "sequential",
    `layers ${first + 1} and ${i + 1} are the same object, ${describe(layer)}`,
    "a separate layer at each position",
    "Create a second one.",
  );
}

function named(layer: string, { params }: Pick<Layer, "params">): NamedParameter[] {
  return Object.entries(params ?? {}).map(([name, parameter]) => ({ name: `${layer}.${name}`, parameter }));
}

/** Running statistics, in the form of parameters. */
function builtinBuffers(layer: Layer): Pick<Layer, "params"> {
  if (originOf(layer) === undefined) return {};
  const buffers = Object.entries(layer.buffers ?? {});
  return {
    params: Object.fromEntries(
      buffers.filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter),
    ),
  };
}

function describe(layer: Layer): string {
  const frozen = Object.values(layer.params ?? {}).some((parameter) => !isTrainable(layer, parameter));
  const suffix = frozen ? ", frozen" : "";
  if (builtinSpec(layer) !== undefined) return String(layer) + suffix;
  const size = named("", layer).reduce((sum, { parameter }) => sum + sizeOf(parameter.value.shape), 0);
  const origin = originOf(layer)?.kind;
  const what = `${origin === undefined ? "written" : "changed"} by hand${size > 0 ? `, ${size} params` : ""}`;
  return `${origin ?? (layer.constructor.name || "layer")} (${what})${suffix}`;
}

function record({ code, got, expected, cure }: GradbookError) {
  return {
    code,
    got,
    expected,
    cure,
  };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @throws GradbookError when the value is not a model */
export function assertModel(what: string, model: Sequential): void {
  assertMembers(what, "model", model, {
    expected: "a model",
    has: ["layers", "input", "output", "parameters", "buffers", "forward"],
    cure: "sequential([…], { input }) makes one; a class of your own with forward and backward is a layer: sequential([new Net()], { input }).",
  });
}
