import {
  abs,
  add,
  and,
  div,
  type Expr,
  greater,
  less,
  max,
  min,
  mul,
  neg,
  select,
  sub,
  vec,
} from "../render/expr.js";
import type { Kernel } from "../render/program.js";
import { exp, expMinusOne, logOnePlus, sigmoid, tanh } from "./math.js";

/** An activation y = f(x), element by element, and what its derivative is made of. */
interface ActivationKind<Spec extends { readonly kind: string }> {
  /**
   * What backward reads: the output's sign or its value, and then input and output may share their memory, or the
   * input.
   */
  readonly reads: "sign of y" | "y" | "x";
  forward(k: Kernel, x: Expr, spec: Spec): Expr;
  /** dy · f′ @param kept y, or x where that is read */
  backward(k: Kernel, dy: Expr, kept: Expr, spec: Spec): Expr;
}

const activation = <Spec extends { readonly kind: string }>(kind: ActivationKind<Spec>) => kind;

/** Every activation that the engine knows, each with the spec that its layer describes itself by. */
export const activations = {
  relu: activation<{ readonly kind: "relu" }>({
    reads: "sign of y",
    forward: (_k, x) => max(x, vec(0)),
    backward: (_k, dy, y) => and(dy, greater(y, vec(0))),
  }),
  leakyRelu: activation<{ readonly kind: "leakyRelu"; readonly slope: number }>({
    reads: "sign of y",
    forward: (_k, x, { slope }) => select(greater(x, vec(0)), x, mul(vec(slope), x)),
    backward: (_k, dy, y, { slope }) => select(greater(y, vec(0)), dy, mul(vec(slope), dy)),
  }),
  sigmoid: activation<{ readonly kind: "sigmoid" }>({
    reads: "y",
    forward: (k, x) => sigmoid(k, x),
    backward: (_k, dy, y) => mul(mul(dy, y), sub(vec(1), y)),
  }),
  tanh: activation<{ readonly kind: "tanh" }>({
    reads: "y",
    forward: (k, x) => tanh(k, x),
    backward: (_k, dy, y) => mul(dy, sub(vec(1), mul(y, y))),
  }),
  /** In the form with tanh u, u = √(2/π)·(x + 0.044715x³). */
  gelu: activation<{ readonly kind: "gelu" }>({
    reads: "x",
    forward: (k, x) => mul(mul(vec(0.5), x), add(vec(1), tanh(k, bend(k, x)))),
    backward(k, dy, x) {
      const t = tanh(k, bend(k, x));
      const slope = mul(vec(ROOT), add(vec(1), mul(vec(3 * CUBE), mul(x, x))));
      const bent = mul(mul(mul(vec(0.5), x), sub(vec(1), mul(t, t))), slope);
      return mul(dy, add(mul(vec(0.5), add(vec(1), t)), bent));
    },
  }),
  silu: activation<{ readonly kind: "silu" }>({
    reads: "x",
    forward: (k, x) => mul(x, sigmoid(k, x)),
    backward(k, dy, x) {
      const s = sigmoid(k, x);
      return mul(mul(dy, s), add(vec(1), mul(x, sub(vec(1), s))));
    },
  }),
  elu: activation<{ readonly kind: "elu"; readonly alpha: number }>({
    reads: "y",
    forward: (k, x, { alpha }) => select(greater(x, vec(0)), x, mul(vec(alpha), expMinusOne(k, x))),
    // α·e^x = y + α
    backward: (_k, dy, y, { alpha }) => select(greater(y, vec(0)), dy, mul(dy, add(y, vec(alpha)))),
  }),
  softplus: activation<{ readonly kind: "softplus" }>({
    reads: "x",
    forward: (k, x) => add(max(x, vec(0)), logOnePlus(k, exp(k, neg(abs(x))))),
    backward: (k, dy, x) => mul(dy, sigmoid(k, x)),
  }),
  hardSigmoid: activation<{ readonly kind: "hardSigmoid" }>({
    reads: "y",
    forward: (_k, x) => gate(x),
    backward: (_k, dy, y) => and(div(dy, vec(6)), and(greater(y, vec(0)), less(y, vec(1)))),
  }),
  hardTanh: activation<{ readonly kind: "hardTanh" }>({
    reads: "y",
    forward: (_k, x) => min(max(x, vec(-1)), vec(1)),
    backward: (_k, dy, y) => and(dy, and(greater(y, vec(-1)), less(y, vec(1)))),
  }),
  hardSwish: activation<{ readonly kind: "hardSwish" }>({
    reads: "x",
    forward: (_k, x) => mul(x, gate(x)),
    backward(_k, dy, x) {
      const slope = select(less(x, vec(3)), add(div(x, vec(3)), vec(0.5)), vec(1));
      return and(mul(dy, slope), greater(x, vec(-3)));
    },
  }),
};

/** min(max(x/6 + ½, 0), 1) */
const gate = (x: Expr): Expr => min(max(add(div(x, vec(6)), vec(0.5)), vec(0)), vec(1));

/** √(2/π) */
const ROOT = 0.7978845608028654;
const CUBE = 0.044715;
const bend = (k: Kernel, x: Expr): Expr => k.let(mul(vec(ROOT), add(x, mul(vec(CUBE), mul(x, mul(x, x))))));

type SpecOf<A> = A extends ActivationKind<infer Spec> ? Spec : never;
/** The name of an activation with its options. */
export type ActivationSpec = SpecOf<(typeof activations)[keyof typeof activations]>;

/** The entry of an activation. */
export function activationOf({ kind }: ActivationSpec): ActivationKind<ActivationSpec> {
  return activations[kind];
}
