import { assertMembers, Brand, GradbookError, number, readOption, shapeError } from "@gradbook/base";
import type { LayerSpec } from "../engine/spec.js";
import type { Rng } from "../tensor/rng.js";
import { formatShape, type Shape } from "../tensor/shape.js";
import { assertTensor, type DType, parseDType, Tensor } from "../tensor/tensor.js";

/** What a layer may know of the moment in which it runs. */
export interface ForwardContext {
  /** Dropout and batch norm behave differently while training. */
  readonly training: boolean;
  /** The stream of random numbers of this very step; dropout draws its mask from it. */
  readonly rng: Rng;
}

/**
 * A differentiable step of a model. Three promises, tested for every layer: `forward` never changes x, `backward` never
 * changes dy, and parameter gradients are *added* to `params[…].grad`, never assigned.
 *
 * A class written in a notebook cell needs only `forward` and `backward` to be used in a model next to the built-in ones.
 */
export interface Layer {
  /** Name in summaries and errors; `sequential` gives one (`conv1`, `relu1`, …) where it is missing. */
  readonly name?: string;
  /** What the optimizer updates, by name. */
  readonly params?: Readonly<Record<string, Parameter>>;
  /**
   * What training changes but no gradient moves, by name: running statistics, counters, any memory. Part of checkpoints
   * and digests, as those of the models and layers that a layer keeps in its fields are.
   */
  readonly buffers?: Readonly<Record<string, LayerBuffer>>;
  /**
   * false freezes the layer: no optimizer moves its parameters, and batch norm uses its running statistics instead of the
   * batch's and leaves them as they are (what Keras does). `parameter.trainable = false` freezes a single parameter and
   * nothing else (PyTorch's `requires_grad = False`).
   * @default true
   */
  trainable?: boolean;
  /** Shape of one output sample for one input sample: `[C, H, W] → [F, OH, OW]`. Found by a trial run where missing. */
  outputShape?(sample: Shape): Shape;
  /** x: [N, …] → y: [N, …]; keeps what `backward` needs. */
  forward(x: Tensor, context: ForwardContext): Tensor;
  /**
   * dy: the loss's gradient with respect to the last forward's output → dx, the gradient with respect to its input.
   */
  backward(dy: Tensor): Tensor;
}

/** Numbers that a layer remembers: a tensor, or anything that holds one as its `value`. */
export type LayerBuffer =
  | Tensor
  | {
      /** The numbers as they are now. */
      value: Tensor;
    };

/** A layer that the library brings: it describes itself to the engine and can be initialised and cast. */
export interface BuiltinLayer extends Layer {
  /** Kind and sizes, as the engine reads them. */
  readonly spec: LayerSpec;
  /** What the optimizer updates, by name: `weight` and `bias` where the layer has them. */
  readonly params: Readonly<Record<string, Parameter>>;
  /** What training changes but no gradient moves, by name: batch norm's running statistics. */
  readonly buffers?: Readonly<Record<string, Parameter>>;
  /** Shape of one output sample for one input sample: `[C, H, W] → [F, OH, OW]`. */
  outputShape(sample: Shape): Shape;
  /** What it is, in one line: `Conv2d(1→8, 5×5, pad 2, 208 params)`. */
  toString(): string;
}

const brand = new Brand<LayerSpec>();
/** Names and shapes of the parameters that a layer was made with. */
const paramsOf = new WeakMap<object, string>();

/**
 * Last line of a built-in layer's constructor: from here on its spec may stand for it.
 * @param prototype of that class
 * @param fields that the layer computes with, beside `spec`
 */
export function markBuiltin(layer: BuiltinLayer, prototype: object, fields: readonly string[] = []): void {
  brand.mark(layer, layer.spec, prototype, fields);
  paramsOf.set(layer, paramsInWords(layer));
}

/** What the engine may compute a layer by: undefined for one that is not the library's own, or was changed. */
export function builtinSpec(layer: Layer): LayerSpec | undefined {
  const spec = brand.specOf(layer);
  return spec !== undefined && paramsInWords(layer) === paramsOf.get(layer) ? spec : undefined;
}

/** One layer in its place: its name and the shapes of one sample before and after it. */
export interface NamedLayer {
  /** Unique within its model, e.g. `conv1`. */
  readonly name: string;
  /** The layer itself. */
  readonly layer: Layer;
  /** Shape of one sample before the layer, without the batch's axis. */
  readonly input: Shape;
  /** Shape of one sample after it. */
  readonly output: Shape;
}

/** What a layer was made as, whatever became of it: for its name, and to give it its first weights. */
export function originOf(layer: Layer): LayerSpec | undefined {
  return brand.originOf(layer);
}

function paramsInWords({ params, buffers }: Layer): string {
  const all = [...Object.entries(params ?? {}), ...Object.entries(buffers ?? {})];
  return all
    .map(([name, entry]) => `${name} ${entry instanceof Parameter ? formatShape(entry.value.shape) : "?"}`)
    .join();
}

/**
 * A trainable array and its gradient, of one shape. Starts as zeros; `sequential` fills it where it belongs to a built-in
 * layer.
 *
 * @throws GradbookError when an axis of the shape is not a whole number ≥ 0
 *
 * @example
 * ```ts
 * import { Parameter } from "gradbook";
 *
 * // a scale of one's own for each of 8 channels, 1 at the start
 * const gamma = new Parameter([8], 1, 1, 1);
 * console.log(gamma.value.data.join()); // 1,1,1,1,1,1,1,1
 * ```
 */
export class Parameter {
  /** Inputs that one output sums over: what He, Xavier and PyTorch's default scale by. */
  readonly fanIn: number;
  /** Outputs that one input reaches. */
  readonly fanOut: number;
  /** The value which every initialisation gives it (0 for batch norm's shift, 1 for its scale). */
  readonly fixed?: number;

  /** The numbers that forward uses. */
  value: Tensor;
  /** The loss's gradient with respect to `value`, of the same shape; backward adds to it. */
  grad: Tensor;
  /** false: optimizers leave it as it is. */
  trainable = true;

  /**
   * @param shape of value and gradient
   * @param fanIn inputs that one output sums over, for He, Xavier and PyTorch's default
   * @param fanOut outputs that one input reaches
   * @param fixed the value which every initialisation gives it
   */
  constructor(shape: Shape, fanIn: number, fanOut: number, fixed?: number) {
    this.fanIn = fanIn;
    this.fanOut = fanOut;
    this.fixed = fixed;

    readOption("Parameter", "fixed", number().optional(), fixed);
    this.value = Tensor.zeros(shape);
    if (fixed !== undefined) this.value.data.fill(fixed);
    this.grad = Tensor.zeros(shape);
  }

  /** Moves value and gradient to a precision. */
  cast(dtype: DType): void {
    parseDType("Parameter.cast", dtype);
    this.value = this.value.clone(dtype);
    this.grad = this.grad.clone(dtype);
  }
}

/** Whether an optimizer may move a parameter of a layer. */
export function isTrainable(layer: Layer, parameter: Parameter): boolean {
  return layer.trainable !== false && parameter.trainable !== false;
}

/**
 * The input that a backward pass needs.
 * @throws GradbookError when backward is called before forward
 */
export function cached<T>(layer: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new GradbookError({
    code: "order",
    what: layer,
    got: "backward without a forward before it",
    expected: "forward(x), then backward(dy)",
  });
}

const contextShape = {
  expected: "{ training, rng }",
  has: ["training", "rng"],
  cure: "{ training: true, rng: new Rng(1) } is one.",
};

/** @throws GradbookError when a forward pass is not told whether it trains */
export function parseContext(what: string, context: ForwardContext): ForwardContext {
  assertMembers(what, "the context", context, contextShape);
  if (context.training) assertMembers(what, "the context's rng", context.rng, rngShape);
  return context;
}

const rngShape = { expected: "a stream of random numbers", has: ["bits"], cure: "new Rng(seed) is one." };

const ofOneSample = new WeakSet<Shape>();

/** The shape of a batch of one sample, of which a model asks for the output's shape: errors then speak of the sample. */
export function batchOf(sample: Shape): Shape {
  const batch = [1, ...sample];
  ofOneSample.add(batch);
  return batch;
}

/** @param axes of a sample that the layer reads: 1 for features, 2 for sequences, 3 for images */
function cureForSample(sample: Shape, axes: number): string | undefined {
  if (axes === 1) return "A flatten() before it makes features of them.";
  if (axes === 3 && sample.length === 2) {
    const grey = formatShape([1, ...sample]);
    return `Grey images have one channel: ${grey}. For a model's input that is input: ${grey}.`;
  }
  if (sample.length === 1) return "Features have no positions any more: this layer belongs before flatten().";
  return axes === 2 ? "It reads sequences; images have layers of their own, such as conv2d." : undefined;
}

/** @throws GradbookError when the input has not the axes that the layer reads */
export function assertInput(
  what: string,
  x: Shape,
  axes: string,
  channels: number | undefined,
  weight?: Shape,
): void {
  const letters = axes.split(",").map((axis) => axis.trim());
  if (x.length !== letters.length && ofOneSample.has(x)) {
    throw shapeError(
      what,
      `a sample has the shape ${formatShape(x.slice(1))}`,
      `${letters.length === 2 ? "1 axis" : `${letters.length - 1} axes`} [${letters.slice(1).join(", ")}]`,
      cureForSample(x.slice(1), letters.length - 1),
    );
  }
  if (x.length !== letters.length) {
    throw shapeError(
      what,
      `the input has the shape ${formatShape(x)}`,
      `${letters.length} axes [${letters.join(", ")}]`,
      letters.length === 2 && x.length > 2
        ? "A flatten() before it makes features of images."
        : "Add the missing axes with reshape; a single sample has N = 1.",
    );
  }
  if (channels === undefined || x[1] === channels) return;
  const nhwc = letters.length === 4 && x[3] === channels;
  throw shapeError(
    what,
    `the input has ${x[1]} ${letters.length === 4 ? "channels" : "features"} (${formatShape(x)})`,
    `${channels}${weight === undefined ? "" : ` (weight ${formatShape(weight)})`}`,
    nhwc ? "Is the data NHWC? toNCHW(x) turns it." : undefined,
  );
}

/**
 * Image batches from [N, H, W, C] to [N, C, H, W], copied.
 * @throws GradbookError when x does not have four axes
 *
 * @example
 * ```ts
 * import { Tensor, toNCHW } from "gradbook";
 *
 * const nhwc = Tensor.zeros([16, 28, 28, 3]);
 * console.log(toNCHW(nhwc).shape); // [ 16, 3, 28, 28 ]
 * ```
 */
export function toNCHW(x: Tensor): Tensor {
  assertTensor("toNCHW", "x", x);
  assertInput("toNCHW", x.shape, "N, H, W, C", undefined);
  const [n, h, w, c] = x.shape;
  const y = Tensor.zeros([n, c, h, w], x.dtype);
  for (let sample = 0; sample < n; sample++)
    for (let pixel = 0; pixel < h * w; pixel++)
      for (let channel = 0; channel < c; channel++)
        y.data[(sample * c + channel) * h * w + pixel] = x.data[(sample * h * w + pixel) * c + channel];
  return y;
}
