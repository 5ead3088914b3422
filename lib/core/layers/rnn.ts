import type { DefinitionSpec } from "../engine/spec.js";
import { tanh } from "../tensor/portable.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";
import { addGradients, addProduct, parseRecurrent, type RecurrentConfig, stepsOf } from "./recurrent.js";

/**
 * Simple recurrent layer (Elman 1990): h[t] = tanh(W_x·x[t] + W_h·h[t−1] + b), h[−1] = 0, with back-propagation through all
 * steps. x: [N, T, D] → y: [N, H], or [N, T, H] with `returns: "all"`; weightInput W_x [H, D], weightHidden W_h [H, H],
 * bias [H] (PyTorch has two biases, of which only the sum counts). It runs as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { linear, rnn, sequential } from "gradbook";
 *
 * // a row of an image is a step: 28 steps of 28 pixels
 * const model = sequential([rnn({ in: 28, hidden: 32 }), linear({ in: 32, out: 10 })], { input: [28, 28] });
 * console.log(model.parameterCount); // 2282
 * ```
 */
export function rnn(config: RecurrentConfig): Rnn {
  return new Rnn(config);
}

/** What `rnn` makes. */
export class Rnn implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "rnn" | "lstm" }>;
  trainable = true;
  readonly params: Readonly<Record<"weightInput" | "weightHidden" | "bias", Parameter>>;
  private saved: { readonly x: Tensor; readonly h: readonly FloatArray[] } | undefined;

  constructor(config: RecurrentConfig) {
    this.spec = parseRecurrent("rnn", config);
    const { in: D, hidden: H } = this.spec;
    this.params = {
      weightInput: new Parameter([H, D], H, H),
      weightHidden: new Parameter([H, H], H, H),
      bias: new Parameter([H], H, H),
    };
    markBuiltin(this, Rnn.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("rnn", sample);
    const { T, H } = stepsOf("rnn", batchOf(sample), this.spec);
    return this.spec.returns === "all" ? [T, H] : [H];
  }

  forward(x: Tensor): Tensor {
    assertTensor("rnn", "x", x);
    const { N, T, D, H } = stepsOf("rnn", x.shape, this.spec);
    const { weightInput, weightHidden, bias } = this.params;
    /** h[t + 1] is the state after step t; h[0] is 0. */
    const h = [Tensor.zeros([N, H], x.dtype).data];
    for (let t = 0; t < T; t++) {
      const next = Tensor.zeros([N, H], x.dtype).data;
      for (let i = 0; i < next.length; i++) next[i] = bias.value.data[i % H];
      addProduct(next, x.data, t * D, T * D, weightInput.value.data, [N, H, D]);
      addProduct(next, h[t], 0, H, weightHidden.value.data, [N, H, H]);
      for (let i = 0; i < next.length; i++) next[i] = tanh(next[i]);
      h.push(next);
    }
    this.saved = { x, h };
    return statesOf(h, this.spec.returns, N, H, x);
  }

  /**
   * From the last step to the first: da = dh·(1 − h²) is the gradient before tanh; dx[t] = da·W_x, and dh of the step before
   * is da·W_h plus what y[t − 1] brings. The weights' gradients are summed over all steps, which share them.
   */
  backward(dy: Tensor): Tensor {
    const { x, h } = cached("rnn", this.saved);
    const { N, T, D, H } = stepsOf("rnn", x.shape, this.spec);
    const { returns } = this.spec;
    assertTensorOf("rnn", "dy", dy, returns === "all" ? [N, T, H] : [N, H]);
    const { weightInput, weightHidden, bias } = this.params;
    const dx = Tensor.zeros(x.shape, x.dtype);
    let dh = Tensor.zeros([N, H], x.dtype).data;
    for (let t = T - 1; t >= 0; t--) {
      addStateGradient(dh, dy.data, returns, t, [N, T, H]);
      const da = dh;
      for (let i = 0; i < da.length; i++) {
        da[i] *= 1 - h[t + 1][i] * h[t + 1][i];
        bias.grad.data[i % H] += da[i];
      }
      const [wx, wh] = [weightInput, weightHidden];
      addGradients(da, x.data, dx.data, t * D, T * D, wx.value.data, wx.grad.data, [N, H, D]);
      dh = Tensor.zeros([N, H], x.dtype).data;
      addGradients(da, h[t], dh, 0, H, wh.value.data, wh.grad.data, [N, H, H]);
    }
    return dx;
  }

  toString(): string {
    const { in: D, hidden: H, returns } = this.spec;
    const all = returns === "all" ? ", all steps" : "";
    return `Rnn(${D}→${H}${all}, ${H * (D + H + 1)} params)`;
  }
}

/** The states as the layer's output: the last one, or all of them. */
export function statesOf(
  h: readonly FloatArray[],
  returns: "last" | "all",
  N: number,
  H: number,
  { dtype }: Tensor,
): Tensor {
  const T = h.length - 1;
  if (returns === "last") return new Tensor([N, H], h[T].slice());
  const y = Tensor.zeros([N, T, H], dtype);
  for (let t = 0; t < T; t++)
    for (let n = 0; n < N; n++) y.data.set(h[t + 1].subarray(n * H, (n + 1) * H), (n * T + t) * H);
  return y;
}

/** dh[n,k] += what y brings to the state after step t. */
export function addStateGradient(
  dh: FloatArray,
  dy: FloatArray,
  returns: "last" | "all",
  t: number,
  [N, T, H]: readonly [number, number, number],
): void {
  if (returns === "last" && t < T - 1) return;
  for (let n = 0; n < N; n++)
    for (let k = 0; k < H; k++) dh[n * H + k] += returns === "all" ? dy[(n * T + t) * H + k] : dy[n * H + k];
}
