import { Activation } from "./activation.js";

/**
 * Hard sigmoid (Courbariaux et al. 2015, as in PyTorch), any shape: y = min(max(x/6 + ½, 0), 1).
 *
 * @example
 * ```ts
 * import { hardSigmoid, Tensor } from "gradbook";
 *
 * console.log(hardSigmoid().forward(Tensor.from([-4, 0, 1.5])).toNested()); // [ 0, 0.5, 0.75 ]
 * ```
 */
export function hardSigmoid(): Activation {
  return new Activation({ kind: "hardSigmoid" }, "HardSigmoid()", {
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = gate(x[i]);
    },
    /** dx = dy/6 where −3 < x < 3, else 0 */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) dx[i] = x[i] > -3 && x[i] < 3 ? dy[i] / 6 : 0;
    },
  });
}

/**
 * Hard tanh, any shape: y = min(max(x, −1), 1).
 *
 * @example
 * ```ts
 * import { hardTanh, Tensor } from "gradbook";
 *
 * console.log(hardTanh().forward(Tensor.from([-4, 0.5, 2])).toNested()); // [ -1, 0.5, 1 ]
 * ```
 */
export function hardTanh(): Activation {
  return new Activation({ kind: "hardTanh" }, "HardTanh()", {
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = Math.min(Math.max(x[i], -1), 1);
    },
    /** dx = dy where −1 < x < 1, else 0 */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) dx[i] = x[i] > -1 && x[i] < 1 ? dy[i] : 0;
    },
  });
}

/**
 * Hard swish (Howard et al. 2019), any shape: y = x·hardSigmoid(x).
 *
 * @example
 * ```ts
 * import { hardSwish, Tensor } from "gradbook";
 *
 * console.log(hardSwish().forward(Tensor.from([0, 1.5, 6])).toNested()); // [ 0, 1.125, 6 ]
 * ```
 */
export function hardSwish(): Activation {
  return new Activation({ kind: "hardSwish" }, "HardSwish()", {
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = x[i] * gate(x[i]);
    },
    /** dx = dy·(x/3 + ½) where −3 < x < 3, 0 below, dy above */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) dx[i] = x[i] <= -3 ? 0 : x[i] < 3 ? dy[i] * (x[i] / 3 + 0.5) : dy[i];
    },
  });
}

/** min(max(x/6 + ½, 0), 1) */
const gate = (x: number): number => Math.min(Math.max(x / 6 + 0.5, 0), 1);
