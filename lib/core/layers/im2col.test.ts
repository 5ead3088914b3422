import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { type Conv2d, conv2d } from "./conv2d.js";
import { arange, noise, randomised } from "./gradients.test.helper.js";
import { col2im, im2col } from "./im2col.js";

test("im2col x=[1,1,2,3] k=2: two windows, literal columns", () => {
  assert.deepEqual(im2col(arange([1, 1, 2, 3]), { kernel: 2 }).toNested(), [
    [
      [1, 2],
      [2, 3],
      [4, 5],
      [5, 6],
    ],
  ]);
});

test("col2im of ones counts the windows over each pixel", () => {
  const ones = Tensor.zeros([1, 4, 4], "float64");
  ones.data.fill(1);
  assert.deepEqual(col2im(ones, [1, 1, 3, 3], { kernel: 2 }).toNested(), [
    [
      [
        [1, 2, 1],
        [2, 4, 2],
        [1, 2, 1],
      ],
    ],
  ]);
});

/** Σ a·b over all elements. */
function dot(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let i = 0; i < a.size; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/** W·columns, and the gradients Wᵀ·dY through col2im and dY·columnsᵀ, as plain sums. */
function convolve(layer: Conv2d, x: Tensor, dy: Tensor) {
  const { kernel, stride, pad } = layer.spec;
  const columns = im2col(x, { kernel, stride, pad });
  const [N, R, P] = columns.shape;
  const F = layer.spec.out;
  const w = layer.params.weight.value.data;
  const y = Tensor.zeros(dy.shape, "float64");
  const dColumns = Tensor.zeros(columns.shape, "float64");
  const dw = new Float64Array(F * R);
  for (let n = 0; n < N; n++)
    for (let f = 0; f < F; f++)
      for (let r = 0; r < R; r++)
        for (let p = 0; p < P; p++) {
          const g = dy.data[(n * F + f) * P + p];
          const value = columns.data[(n * R + r) * P + p];
          y.data[(n * F + f) * P + p] += w[f * R + r] * value;
          dw[f * R + r] += g * value;
          dColumns.data[(n * R + r) * P + p] += w[f * R + r] * g;
        }
  return { y, dw, dx: col2im(dColumns, x.shape, { kernel, stride, pad }) };
}

for (const stride of [1, 2, 3])
  for (const pad of [0, 1, 2])
    for (const kernel of [
      [2, 3],
      [3, 3],
      [5, 1],
    ] as const) {
      test(`convolution from im2col = the direct definition: x=[2,3,7,9] k=[${kernel}] s=${stride} p=${pad}`, () => {
        const layer = randomised(conv2d({ in: 3, out: 2, kernel, stride, pad, bias: false }));
        const x = noise([2, 3, 7, 9], 1);
        const y = layer.forward(x);
        const dy = noise(y.shape, 2);
        const dx = layer.backward(dy);
        const own = convolve(layer, x, dy);
        for (const [i, v] of y.data.entries()) assert.ok(Math.abs(own.y.data[i] - v) < 1e-12);
        for (const [i, v] of dx.data.entries()) assert.ok(Math.abs(own.dx.data[i] - v) < 1e-12);
        for (const [i, v] of layer.params.weight.grad.data.entries())
          assert.ok(Math.abs(own.dw[i] - v) < 1e-11);
      });
    }

test("col2im is im2col's transpose: ⟨im2col(x), c⟩ = ⟨x, col2im(c)⟩", () => {
  const config = { kernel: [3, 2], stride: [2, 1], pad: [1, 0] } as const;
  const x = noise([2, 2, 6, 5], 1);
  const columns = im2col(x, config);
  const c = noise(columns.shape, 2);
  assert.ok(Math.abs(dot(columns, c) - dot(x, col2im(c, x.shape, config))) < 1e-10);
});

test("im2col and col2im refuse features, a window that does not fit, a wrong matrix and unknown options", () => {
  assert.throws(
    () => im2col(noise([3, 4], 1), { kernel: 2 }),
    /im2col: the input has the shape \[3, 4\], expected 4 axes/,
  );
  assert.throws(
    () => im2col(noise([1, 1, 2, 2], 1), { kernel: 3 }),
    /a window of 3 pixels does not fit into 2/,
  );
  assert.throws(
    () => col2im(noise([1, 4, 5], 1), [1, 1, 3, 3], { kernel: 2 }),
    /the matrix of columns has the shape \[1, 4, 5\], expected \[1, 4, 4\]/,
  );
  const config = { kernel: 2, step: 1 };
  assert.throws(() => im2col(noise([1, 1, 3, 3], 1), config), /im2col: unknown option "step"/);
});
