import { Tensor } from "@gradbook/core";
import type { Case } from "../types.js";
import { type BackwardInput, drawAll, type Mistake, type Operation, usual } from "./operation.js";

const axes = { x: ["N", "C", "H", "W"], y: ["N", "I"] };

/** Flatten: the definition of lib/layers/flatten.ts, C-major. */
export const flatten: Operation = {
  kind: "flatten",
  title: "flatten",
  inputs: ["x"],
  axes,
  curved: false,
  cases(can) {
    const make = (N: number, C: number, H: number, W: number): Case => ({
      label: `N=${N}, C=${C}, ${H}×${W}`,
      sizes: { N, C, H, W, I: C * H * W },
    });
    const list = [make(1, 1, 1, 2), make(1, 1, 2, 3), make(1, 2, 1, 2), make(1, 3, 2, 4)];
    const batched = can.batch ? [make(2, 1, 1, 2), make(2, 3, 2, 4), make(3, 2, 4, 3)] : [];
    return { cases: [...list, ...batched], probe: make(can.batch ? 2 : 1, 3, 4, 5) };
  },
  draw: (c, rng) => drawAll(axes, ["x"], c, rng),
  conventions: () => [
    usual,
    { id: "channels-last", words: "features are in the order height, width, channel", numbers: {} },
  ],
  forward: (s, { x }, k) => new Tensor([s.N, s.I], k.id === "usual" ? x.data : reordered(s, x.data, true)),
  gradient: (_name, { sizes: s, dy, convention: k }) =>
    new Tensor([s.N, s.C, s.H, s.W], k.id === "usual" ? dy.data : reordered(s, dy.data, false)),
  mutant: (_tensor, moment, mistakes, variant) =>
    mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
  mistakes: [
    {
      id: "flatten/dx/other-order",
      tensor: "dx",
      mistake:
        "backward puts the features back in another order than forward took them (height, width, channel against channel, height, width)",
      formula: "dx[n,c,h,k] = dy[n,⟦(h·W + k)·C + c⟧]",
      cure: "dx[n,c,h,k] = dy[n,(c·H + h)·W + k]: the very index of the forward pass.",
      axes: ["channel", "height", "width"],
      produce: ({ sizes, dy, convention }: BackwardInput) =>
        convention.id === "usual" ? reordered(sizes, dy.data, false) : dy.data,
    },
  ] satisfies Mistake[],
  unnamed: () => [],
};

/** From C-major to channels-last, or back. */
function reordered(
  { N, C, H, W }: BackwardInput["sizes"],
  data: ArrayLike<number>,
  toLast: boolean,
): Float64Array {
  const result = new Float64Array(data.length);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let s = 0; s < H * W; s++) {
        const major = (n * C + c) * H * W + s;
        const last = (n * H * W + s) * C + c;
        if (toLast) result[last] = data[major];
        else result[major] = data[last];
      }
  return result;
}
