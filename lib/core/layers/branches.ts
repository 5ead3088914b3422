import { configError, type Given, GradbookError, option, options, shapeError } from "@gradbook/base";
import type { BranchSpec } from "../engine/spec.js";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.js";
import { assertSameShape, assertTensor, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, cached, type Layer, markBuiltin } from "./layer.js";

/**
 * Layers and models, in lists of lists: `sequential` takes them one after another.
 * @inline
 */
export type Layers = readonly (Layer | Model | Layers)[];

/** As much of a model as is read here. */
interface Model {
  readonly layers: readonly { readonly layer: Layer }[];
}

const residualOptions = {
  /**
   * Layers on the other way, where the sizes change: a 1×1 convolution with the stride of the block. None: the input itself.
   * @default []
   */
  shortcut: option<Layers>("a list of layers", (v) => (Array.isArray(v) ? v : undefined)).or([]),
};
/**
 * Options of `residual`.
 * @interface
 */
export type ResidualConfig = Given<typeof residualOptions>;

/**
 * A residual block (He et al. 2015): y = f(x) + x, or f(x) + g(x) with a shortcut g. A list of layers for `sequential`, which
 * names, trains and shows every layer in it.
 * @param layers f, which keeps the shape, or ends in the shortcut's
 * @throws GradbookError when layers are no list; `sequential`, when the two ways end in different shapes
 *
 * @example
 * ```ts
 * import { batchNorm2d, conv2d, flatten, linear, relu, residual, sequential } from "gradbook";
 *
 * const conv = (channels: number) => conv2d({ in: channels, out: channels, kernel: 3, pad: 1, bias: false });
 * const block = (n: number) => [
 *   residual([conv(n), batchNorm2d({ features: n }), relu(), conv(n), batchNorm2d({ features: n })]),
 *   relu(),
 * ];
 * const model = sequential([block(1), block(1), flatten(), linear({ in: 784, out: 10 })], { input: [1, 28, 28] });
 * console.log(model.layers.map(({ name }) => name).slice(0, 9).join(" ")); // fork1 conv1 norm1 relu1 conv2 norm2 branch1 add1 relu2
 * ```
 */
export function residual(layers: Layers, config: ResidualConfig = {}): Layers {
  const { shortcut } = options("residual", residualOptions, config);
  return joined("residual", "add", [layers, shortcut]);
}

/**
 * The sum of several ways from the same input: y = Σ_i f_i(x). An empty list is the input itself.
 * @throws GradbookError when it is no list of lists; `sequential`, when the ways end in different shapes
 *
 * @example
 * ```ts
 * import { add, linear, sequential } from "gradbook";
 *
 * const model = sequential([add([[linear({ in: 4, out: 2 })], [linear({ in: 4, out: 2 })]])], { input: [4] });
 * console.log(model.output); // [ 2 ]
 * ```
 */
export function add(branches: readonly Layers[]): Layers {
  return joined("add", "add", branches);
}

/**
 * Several ways from the same input, their outputs one behind the other along the channels or features: [N, ΣC_i, H, W] or
 * [N, ΣF_i] (Inception, DenseNet, two heads in one output). An empty list is the input itself.
 * @throws GradbookError when it is no list of lists; `sequential`, when heights or widths differ
 *
 * @example
 * ```ts
 * import { concat, conv2d, sequential } from "gradbook";
 *
 * const model = sequential(
 *   [concat([[conv2d({ in: 3, out: 8, kernel: 1 })], [conv2d({ in: 3, out: 4, kernel: 3, pad: 1 })], []])],
 *   { input: [3, 32, 32] },
 * );
 * console.log(model.output); // [ 15, 32, 32 ]
 * ```
 */
export function concat(branches: readonly Layers[]): Layers {
  return joined("concat", "concat", branches);
}

function joined(what: string, kind: "add" | "concat", branches: readonly Layers[]): Layers {
  if (!Array.isArray(branches) || branches.length < 2 || !branches.every((b) => Array.isArray(b)))
    throw configError(
      what,
      "no lists of layers",
      what === "residual" ? "a list of layers" : "at least two lists of layers",
      what === "residual" ? "residual([conv2d({ … }), relu()])" : `${what}([[conv2d({ … }), relu()], []])`,
    );
  const group = new Group();
  const ways = branches.flatMap((layers, i) => [i === 0 ? new Fork(group) : new Branch(group), layers]);
  return [...ways, new Join(group, kind, branches.length)];
}

/** What the layers at both ends of some branches know of each other. */
class Group {
  /** Of one sample: the input, and the end of each branch so far. */
  shape: Shape | undefined;
  shapes: Shape[] = [];
  /** Of the last forward pass. */
  x: Tensor | undefined;
  ends: Tensor[] = [];
  /** Of the backward pass: gradients by the ends that are not yet taken, and by the input of the branches that are through. */
  dys: Tensor[] = [];
  dx: Tensor | undefined;
}

/** Where branches begin: y = x, on the first of them. */
class Fork implements BuiltinLayer {
  readonly spec: BranchSpec = { kind: "fork" };
  readonly params = {};
  private readonly group: Group;

  constructor(group: Group) {
    this.group = group;
    markBuiltin(this, Fork.prototype, ["group"]);
  }

  outputShape(sample: Shape): Shape {
    this.group.shape = sample;
    this.group.shapes = [];
    return sample;
  }

  forward(x: Tensor): Tensor {
    assertTensor("fork", "x", x);
    this.group.x = x;
    this.group.ends = [];
    return x;
  }

  /** dx = Σ over the branches */
  backward(dy: Tensor): Tensor {
    assertTensor("fork", "dy", dy);
    const dx = cached("fork", this.group.dx);
    return sum([dy, dx]);
  }

  toString(): string {
    return "Fork";
  }
}

/** The end of one branch and the beginning of the next: y = the fork's x. */
class Branch implements BuiltinLayer {
  readonly spec: BranchSpec = { kind: "branch" };
  readonly params = {};
  private readonly group: Group;

  constructor(group: Group) {
    this.group = group;
    markBuiltin(this, Branch.prototype, ["group"]);
  }

  outputShape(sample: Shape): Shape {
    const { shape } = this.group;
    if (shape === undefined) throw cut("a branch without its beginning");
    this.group.shapes.push(sample);
    return shape;
  }

  forward(x: Tensor): Tensor {
    assertTensor("branch", "x", x);
    this.group.ends.push(x);
    return cached("branch", this.group.x);
  }

  /** @returns dy of the branch before */
  backward(dy: Tensor): Tensor {
    assertTensor("branch", "dy", dy);
    const { dx, dys } = this.group;
    this.group.dx = dx === undefined ? dy : sum([dx, dy]);
    return cached("branch", dys.pop());
  }

  toString(): string {
    return "Branch";
  }
}

/** Where branches end: their sum, or their channels one behind the other. */
class Join implements BuiltinLayer {
  readonly spec: BranchSpec;
  readonly params = {};
  private readonly group: Group;
  private readonly count: number;

  constructor(group: Group, kind: "add" | "concat", count: number) {
    this.group = group;
    this.count = count;
    this.spec = { kind };
    markBuiltin(this, Join.prototype, ["group", "count"]);
  }

  outputShape(sample: Shape): Shape {
    const shapes = [...this.group.shapes, sample];
    if (shapes.length !== this.count) throw cut("the end of branches without their beginning");
    const { kind } = this.spec;
    const [first] = shapes;
    const alike = kind === "add" ? (s: Shape) => s : (s: Shape) => s.slice(1);
    const other = shapes.find((s) => !sameShape(alike(s), alike(first)));
    if (other === undefined)
      return kind === "add" ? first : [shapes.reduce((sum, [C]) => sum + C, 0), ...first.slice(1)];
    throw shapeError(
      kind,
      `branches that end in ${formatShape(first)} and ${formatShape(other)}`,
      kind === "add" ? "the same shape" : "the same height and width",
      kind === "add"
        ? "A shortcut with a 1×1 convolution and the same stride changes the shape of the other way: residual([…], { shortcut: [conv2d({ … })] })."
        : "Padding and stride decide about height and width.",
    );
  }

  forward(x: Tensor): Tensor {
    const { kind } = this.spec;
    assertTensor(kind, "x", x);
    const all = [...this.group.ends, x];
    if (all.length !== this.count) throw order(kind, "forward without its fork");
    this.group.ends = all;
    return kind === "add" ? sum(all) : behind(all);
  }

  /** dy of every branch; that of the last goes on from here. */
  backward(dy: Tensor): Tensor {
    const { kind } = this.spec;
    assertTensor(kind, "dy", dy);
    const { ends } = this.group;
    if (ends.length !== this.count) throw order(kind, "backward without a forward before it");
    this.group.dx = undefined;
    this.group.dys = kind === "add" ? ends.map(() => dy) : parts(dy, ends);
    return cached(kind, this.group.dys.pop());
  }

  toString(): string {
    return `${this.spec.kind === "add" ? "Add" : "Concat"}(${this.count} branches)`;
  }
}

/**
 * Which layers each layer takes, by name, where that is not the one before it: of the second and every further branch's first
 * layer, and of the end. Forks and branches compute nothing and have no entry; `"input"` is the model's.
 */
export function takenBy(
  layers: readonly { readonly name: string; readonly layer: Layer }[],
): Map<string, string[]> {
  const taken = new Map<string, string[]>();
  const open: { from: string[]; ends: string[] }[] = [];
  let last = ["input"];
  for (const { name, layer } of layers) {
    const group = open[open.length - 1];
    if (layer instanceof Fork) open.push({ from: last, ends: [] });
    else if (layer instanceof Branch) {
      group.ends.push(...last);
      last = group.from;
    } else {
      taken.set(name, layer instanceof Join ? [...group.ends, ...last] : last);
      if (layer instanceof Join) open.pop();
      last = [name];
    }
  }
  return taken;
}

/** @throws GradbookError when branches begin or end outside of the list */
export function assertWhole(layers: readonly { readonly spec?: { readonly kind: string } }[]): void {
  let open = 0;
  for (const { spec } of layers) {
    if (spec?.kind === "fork") open++;
    if (spec?.kind === "add" || spec?.kind === "concat") open--;
  }
  if (open > 0) throw cut("the beginning of branches without their end");
}

function cut(got: string): GradbookError {
  return configError(
    "sequential",
    got,
    "whole blocks",
    "residual, add and concat return all layers of a block: take all of them, or none.",
  );
}

function order(what: string, got: string): GradbookError {
  return new GradbookError({
    code: "order",
    what,
    got,
    expected: "forward(x) of the whole model, then backward(dy)",
  });
}

function sum(all: readonly Tensor[]): Tensor {
  const [first, ...others] = all;
  const y = first.clone();
  for (const other of others) {
    assertSameShape("add", "a branch", other.shape, first.shape);
    for (let i = 0; i < y.size; i++) y.data[i] += other.data[i];
  }
  return y;
}

/** [N, C_i, …] → [N, ΣC_i, …] */
function behind(all: readonly Tensor[]): Tensor {
  const [{ shape, dtype }] = all;
  const [N, , ...rest] = shape;
  const y = Tensor.zeros([N, all.reduce((C, t) => C + t.shape[1], 0), ...rest], dtype);
  const each = y.size / N;
  let at = 0;
  for (const { data, size } of all) {
    const count = size / N;
    for (let n = 0; n < N; n++) y.data.set(data.subarray(n * count, (n + 1) * count), n * each + at);
    at += count;
  }
  return y;
}

/** The other way round: dy cut at the channels of each branch. */
function parts(dy: Tensor, ends: readonly Tensor[]): Tensor[] {
  const [N] = dy.shape;
  const each = dy.size / N;
  let at = 0;
  return ends.map(({ shape }) => {
    const part = Tensor.zeros(shape, dy.dtype);
    const count = sizeOf(shape) / N;
    for (let n = 0; n < N; n++)
      part.data.set(dy.data.subarray(n * each + at, n * each + at + count), n * count);
    at += count;
    return part;
  });
}
