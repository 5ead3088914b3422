import { count, flag, type Given, options } from "@gradbook/base";
import type { LinearSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const linearOptions = {
  /** I, features of one input sample. */
  in: count(),
  /** O, features of one output sample. */
  out: count(),
  /**
   * Whether each output has a bias.
   * @default true
   */
  bias: flag().or(true),
};
/**
 * Options of `linear`.
 * @interface
 */
export type LinearConfig = Given<typeof linearOptions>;

/**
 * Fully connected layer y = x·Wᵀ + b. x: [N, I] → y: [N, O]; weight [O, I], bias [O].
 * @throws GradbookError when a size is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { linear, Tensor } from "gradbook";
 *
 * const layer = linear({ in: 3, out: 2 });
 * layer.params.weight.value.data.set([1, 0, 0, 0, 1, 1]); // [2, 3]
 * console.log(layer.forward(Tensor.from([[5, 6, 7]], "float32")).toNested()); // [ [ 5, 13 ] ]
 * console.log(`${layer}`); // Linear(3→2, 8 params)
 * ```
 */
export function linear(config: LinearConfig): Linear {
  return new Linear(config);
}

export interface LinearDims {
  readonly N: number;
  readonly I: number;
  readonly O: number;
}

/** What `linear` makes. */
export class Linear implements BuiltinLayer {
  readonly spec: LinearSpec;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>> | Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: LinearConfig) {
    const { in: I, out: O, bias } = options("linear", linearOptions, config);
    this.spec = { kind: "linear", in: I, out: O, bias };
    const weight = new Parameter([O, I], I, O);
    this.params = bias ? { weight, bias: new Parameter([O], I, O) } : { weight };
    markBuiltin(this, Linear.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("linear", sample);
    assertInput("linear", batchOf(sample), "N, I", this.spec.in, this.params.weight.value.shape);
    return [this.spec.out];
  }

  forward(x: Tensor): Tensor {
    assertTensor("linear", "x", x);
    assertInput("linear", x.shape, "N, I", this.spec.in, this.params.weight.value.shape);
    this.x = x;
    const d = this.dims(x.shape);
    const y = Tensor.zeros([d.N, d.O], x.dtype);
    linearForward(x.data, this.params.weight.value.data, this.bias?.value.data, y.data, d);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const x = cached("linear", this.x);
    const d = this.dims(x.shape);
    assertTensorOf("linear", "dy", dy, [d.N, d.O]);
    const dx = Tensor.zeros(x.shape, x.dtype);
    linearBackwardInput(dy.data, this.params.weight.value.data, dx.data, d);
    linearBackwardWeight(dy.data, x.data, this.params.weight.grad.data, d);
    if (this.bias !== undefined) linearBackwardBias(dy.data, this.bias.grad.data, d);
    return dx;
  }

  private get bias(): Parameter | undefined {
    return "bias" in this.params ? this.params.bias : undefined;
  }

  private dims([N]: Shape): LinearDims {
    return { N, I: this.spec.in, O: this.spec.out };
  }

  toString(): string {
    const { in: I, out: O, bias } = this.spec;
    return `Linear(${I}→${O}${bias ? "" : ", no bias"}, ${I * O + (bias ? O : 0)} params)`;
  }
}

/** y[n,o] = b[o] + Σ_i w[o,i] · x[n,i] */
export function linearForward(
  x: FloatArray,
  w: FloatArray,
  b: FloatArray | undefined,
  y: FloatArray,
  { N, I, O }: LinearDims,
): void {
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      let sum = b === undefined ? 0 : b[o];
      for (let i = 0; i < I; i++) sum += w[o * I + i] * x[n * I + i];
      y[n * O + o] = sum;
    }
}

/** dx[n,i] += Σ_o dy[n,o] · w[o,i]: summed over the outputs, because each of them read x[n,i]. */
export function linearBackwardInput(
  dy: FloatArray,
  w: FloatArray,
  dx: FloatArray,
  { N, I, O }: LinearDims,
): void {
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const g = dy[n * O + o];
      for (let i = 0; i < I; i++) dx[n * I + i] += g * w[o * I + i];
    }
}

/** dw[o,i] += Σ_n dy[n,o] · x[n,i]: summed over the batch, because every sample uses the same w. */
export function linearBackwardWeight(
  dy: FloatArray,
  x: FloatArray,
  dw: FloatArray,
  { N, I, O }: LinearDims,
): void {
  for (let o = 0; o < O; o++)
    for (let n = 0; n < N; n++) {
      const g = dy[n * O + o];
      for (let i = 0; i < I; i++) dw[o * I + i] += g * x[n * I + i];
    }
}

/** db[o] += Σ_n dy[n,o]: summed over the batch, because the bias is added to every sample. */
export function linearBackwardBias(dy: FloatArray, db: FloatArray, { N, O }: LinearDims): void {
  for (let n = 0; n < N; n++) for (let o = 0; o < O; o++) db[o] += dy[n * O + o];
}
