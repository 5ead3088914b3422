import type { DefinitionSpec } from "../engine/spec.js";
import { sigmoid, tanh } from "../tensor/portable.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";
import { addGradients, addProduct, parseRecurrent, type RecurrentConfig, stepsOf } from "./recurrent.js";
import { addStateGradient, statesOf } from "./rnn.js";

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 * i, f, o = σ(…), g = tanh(…) of W_x·x[t] + W_h·h[t−1] + b; c[t] = f·c[t−1] + i·g; h[t] = o·tanh(c[t]); h and c begin at 0, and
 * back-propagation goes through all steps. x: [N, T, D] → y: [N, H], or [N, T, H] with `returns: "all"`; weightInput [4H, D],
 * weightHidden [4H, H], bias [4H], their rows in the order i, f, g, o as in PyTorch. It runs as its definition, on the main
 * thread.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { linear, lstm, sequential } from "gradbook";
 *
 * const model = sequential([lstm({ in: 28, hidden: 32 }), linear({ in: 32, out: 10 })], { input: [28, 28] });
 * console.log(`${model.layer("lstm1")}`); // Lstm(28→32, 7808 params)
 * ```
 */
export function lstm(config: RecurrentConfig): Lstm {
  return new Lstm(config);
}

/** What one step keeps for backward: its four gates [N, 4H] after σ and tanh, and tanh(c) [N, H]. */
interface Step {
  readonly gates: FloatArray;
  readonly bent: FloatArray;
}

/** What `lstm` makes. */
export class Lstm implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "rnn" | "lstm" }>;
  trainable = true;
  readonly params: Readonly<Record<"weightInput" | "weightHidden" | "bias", Parameter>>;
  private saved:
    | {
        readonly x: Tensor;
        readonly h: readonly FloatArray[];
        readonly c: readonly FloatArray[];
        readonly steps: readonly Step[];
      }
    | undefined;

  constructor(config: RecurrentConfig) {
    this.spec = parseRecurrent("lstm", config);
    const { in: D, hidden: H } = this.spec;
    this.params = {
      weightInput: new Parameter([4 * H, D], H, H),
      weightHidden: new Parameter([4 * H, H], H, H),
      bias: new Parameter([4 * H], H, H),
    };
    markBuiltin(this, Lstm.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("lstm", sample);
    const { T, H } = stepsOf("lstm", batchOf(sample), this.spec);
    return this.spec.returns === "all" ? [T, H] : [H];
  }

  forward(x: Tensor): Tensor {
    assertTensor("lstm", "x", x);
    const { N, T, D, H } = stepsOf("lstm", x.shape, this.spec);
    const { weightInput, weightHidden, bias } = this.params;
    const zeros = (...shape: number[]) => Tensor.zeros(shape, x.dtype).data;
    const [h, c, steps] = [[zeros(N, H)], [zeros(N, H)], [] as Step[]];
    for (let t = 0; t < T; t++) {
      const gates = zeros(N, 4 * H);
      for (let i = 0; i < gates.length; i++) gates[i] = bias.value.data[i % (4 * H)];
      addProduct(gates, x.data, t * D, T * D, weightInput.value.data, [N, 4 * H, D]);
      addProduct(gates, h[t], 0, H, weightHidden.value.data, [N, 4 * H, H]);
      const [nextC, nextH, bent] = [zeros(N, H), zeros(N, H), zeros(N, H)];
      for (let n = 0; n < N; n++)
        for (let k = 0; k < H; k++) {
          const [i, f, g, o] = places(n, k, H);
          for (const gate of [i, f, o]) gates[gate] = sigmoid(gates[gate]);
          gates[g] = tanh(gates[g]);
          const at = n * H + k;
          nextC[at] = gates[f] * c[t][at] + gates[i] * gates[g];
          bent[at] = tanh(nextC[at]);
          nextH[at] = gates[o] * bent[at];
        }
      h.push(nextH);
      c.push(nextC);
      steps.push({ gates, bent });
    }
    this.saved = { x, h, c, steps };
    return statesOf(h, this.spec.returns, N, H, x);
  }

  /**
   * From the last step to the first: do = dh·tanh(c), dc += dh·o·(1 − tanh²c), di = dc·g, dg = dc·i, df = dc·c[t−1], and
   * dc[t−1] = dc·f; each times the derivative of its σ or tanh is the gradient before it.
   */
  backward(dy: Tensor): Tensor {
    const { x, h, c, steps } = cached("lstm", this.saved);
    const { N, T, D, H } = stepsOf("lstm", x.shape, this.spec);
    const { returns } = this.spec;
    assertTensorOf("lstm", "dy", dy, returns === "all" ? [N, T, H] : [N, H]);
    const { weightInput: wx, weightHidden: wh, bias } = this.params;
    const zeros = (...shape: number[]) => Tensor.zeros(shape, x.dtype).data;
    const dx = Tensor.zeros(x.shape, x.dtype);
    const dc = zeros(N, H);
    let dh = zeros(N, H);
    for (let t = T - 1; t >= 0; t--) {
      addStateGradient(dh, dy.data, returns, t, [N, T, H]);
      const { gates, bent } = steps[t];
      const da = zeros(N, 4 * H);
      for (let n = 0; n < N; n++)
        for (let k = 0; k < H; k++) {
          const at = n * H + k;
          const [i, f, g, o] = places(n, k, H);
          dc[at] += dh[at] * gates[o] * (1 - bent[at] * bent[at]);
          da[o] = dh[at] * bent[at] * gates[o] * (1 - gates[o]);
          da[i] = dc[at] * gates[g] * gates[i] * (1 - gates[i]);
          da[f] = dc[at] * c[t][at] * gates[f] * (1 - gates[f]);
          da[g] = dc[at] * gates[i] * (1 - gates[g] * gates[g]);
          dc[at] *= gates[f];
        }
      for (let i = 0; i < da.length; i++) bias.grad.data[i % (4 * H)] += da[i];
      addGradients(da, x.data, dx.data, t * D, T * D, wx.value.data, wx.grad.data, [N, 4 * H, D]);
      dh = zeros(N, H);
      addGradients(da, h[t], dh, 0, H, wh.value.data, wh.grad.data, [N, 4 * H, H]);
    }
    return dx;
  }

  toString(): string {
    const { in: D, hidden: H, returns } = this.spec;
    const all = returns === "all" ? ", all steps" : "";
    return `Lstm(${D}→${H}${all}, ${4 * H * (D + H + 1)} params)`;
  }
}

/** Where the gates i, f, g, o of unit k stand. */
const places = (n: number, k: number, H: number) => {
  const first = n * 4 * H + k;
  return [first, first + H, first + 2 * H, first + 3 * H] as const;
};
