import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { conv2d } from "./conv2d.js";
import {
  arange,
  checkGradients,
  checkPromises,
  context,
  noise,
  randomised,
} from "./gradients.test.helper.js";

test("conv2d x=[1,1,3,3] k=2: literal output and integer gradients", () => {
  const layer = conv2d({ in: 1, out: 1, kernel: 2 });
  layer.params.weight.cast("float64");
  layer.params.weight.value.data.set([1, 2, 3, 4]);
  const x = arange([1, 1, 3, 3]);
  // 1·1 + 2·2 + 3·4 + 4·5 = 37, then one pixel further: + 1 + 2 + 3 + 4
  assert.deepEqual(layer.forward(x).toNested(), [
    [
      [
        [37, 47],
        [67, 77],
      ],
    ],
  ]);
  const dx = layer.backward(
    Tensor.from([
      [
        [
          [1, 1],
          [1, 1],
        ],
      ],
    ]),
  );
  // a corner pixel is under one window, an edge pixel under two, the middle under all four: 1 + 2 + 3 + 4
  assert.deepEqual(dx.toNested(), [
    [
      [
        [1, 3, 2],
        [4, 10, 6],
        [3, 7, 4],
      ],
    ],
  ]);
  // dw[u,v] = sum of the 2×2 patch of x that starts at u, v
  assert.deepEqual(layer.params.weight.grad.toNested(), [
    [
      [
        [12, 16],
        [24, 28],
      ],
    ],
  ]);
  assert.deepEqual("bias" in layer.params && Array.from(layer.params.bias.grad.data), [4]);
});

test("conv2d is cross-correlation: the kernel is not flipped", () => {
  const layer = conv2d({ in: 1, out: 1, kernel: [1, 2], bias: false });
  layer.params.weight.value.data.set([1, 0]);
  assert.deepEqual(layer.forward(Tensor.from([[[[5, 7, 9]]]])).toNested(), [[[[5, 7]]]]);
});

test("conv2d sums over input channels and keeps kernels apart: x=[1,2,1,1] w=[2,2,1,1]", () => {
  const layer = conv2d({ in: 2, out: 2, kernel: 1, bias: false });
  layer.params.weight.cast("float64");
  layer.params.weight.value.data.set([1, 2, 3, 4]);
  assert.deepEqual(layer.forward(Tensor.from([[[[10]], [[100]]]])).toNested(), [[[[210]], [[430]]]]);
  assert.deepEqual(layer.backward(Tensor.from([[[[1]], [[1]]]])).toNested(), [[[[4]], [[6]]]]);
});

for (const [shape, config] of [
  [[2, 3, 5, 4], { in: 3, out: 2, kernel: [3, 2] }],
  [[2, 1, 6, 7], { in: 1, out: 3, kernel: 3, pad: 1 }],
  [[3, 2, 7, 5], { in: 2, out: 4, kernel: [2, 3], stride: [2, 1], pad: [1, 2] }],
  [[1, 2, 5, 6], { in: 2, out: 1, kernel: [5, 3], stride: 3, pad: 2, bias: false }],
] as const) {
  test(`conv2d gradient x=[${shape}] ${JSON.stringify(config)}`, () => {
    checkGradients(randomised(conv2d(config)), noise(shape, 1));
    checkPromises(randomised(conv2d(config)), noise(shape, 2));
  });
}

test("conv2d in float32 agrees with float64", () => {
  const config = { in: 2, out: 3, kernel: 3, pad: 1 } as const;
  const precise = randomised(conv2d(config));
  const single = randomised(conv2d(config));
  for (const p of Object.values(single.params)) p.cast("float32");
  const x = noise([2, 2, 5, 5], 3);
  const expected = precise.forward(x);
  const got = single.forward(x.clone("float32"));
  assert.equal(got.dtype, "float32");
  for (let i = 0; i < got.size; i++) assert.ok(Math.abs(got.data[i] - expected.data[i]) < 1e-5);
});

test("conv2d refuses an image with the wrong number of channels, and guesses NHWC", () => {
  const layer = conv2d({ in: 1, out: 8, kernel: 5 });
  assert.throws(() => layer.forward(noise([2, 28, 28, 1], 1)), {
    message:
      "conv2d: the input has 28 channels ([2, 28, 28, 1]), expected 1 (weight [8, 1, 5, 5]). Is the data NHWC? toNCHW(x) turns it.",
  });
});

test("conv2d refuses a kernel larger than the padded image, with the arithmetic", () => {
  assert.throws(() => conv2d({ in: 1, out: 1, kernel: 5 }).forward(noise([1, 1, 3, 8], 1)), {
    message:
      "conv2d height: a window of 5 pixels does not fit into 3 + 2·0 = 3 pixels, expected an input of at least the kernel's size. pad: 1 would make it fit.",
  });
});

test("conv2d refuses unknown options, naming the nearest", () => {
  const config = { in: 1, out: 1, kernel: 3, padd: 1 };
  assert.throws(() => conv2d(config), /conv2d: unknown option "padd".* Did you mean "pad"\?/);
});

test("conv2d refuses no configuration, no kernel, and a kernel that is neither a size nor two", () => {
  const make = (...config: unknown[]) => Reflect.apply(conv2d, undefined, config);
  assert.throws(() => make(), {
    message:
      "conv2d: missing argument, expected an object { in, out, kernel, stride?, pad?, dilation?, groups?, bias? }.",
  });
  assert.throws(() => make({ in: 1, out: 2 }), {
    message: "conv2d: kernel is missing, expected a whole number of at least 1, or [height, width].",
  });
  for (const [kernel, got] of [
    [[3], "[3]"],
    [[3, 3, 3], "[3, 3, 3]"],
    ["3", '"3"'],
    [null, "null"],
  ]) {
    assert.throws(() => make({ in: 1, out: 2, kernel }), {
      message: `conv2d: kernel is ${got}, expected a whole number of at least 1, or [height, width].`,
    });
  }
});

test("conv2d refuses a stride of 0, a dy of the wrong shape and a backward before forward", () => {
  assert.throws(
    () => conv2d({ in: 1, out: 1, kernel: 3, stride: 0 }),
    /stride is 0, expected a whole number of at least 1/,
  );
  const layer = conv2d({ in: 1, out: 1, kernel: 3 });
  assert.throws(() => layer.backward(noise([1, 1, 1, 1], 1)), /backward without a forward before it/);
  layer.forward(noise([1, 1, 4, 4], 1));
  assert.throws(
    () => layer.backward(noise([1, 1, 4, 4], 1)),
    /dy has the shape \[1, 1, 4, 4\], expected \[1, 1, 2, 2\]/,
  );
});

test("conv2d prints itself", () => {
  assert.equal(String(conv2d({ in: 1, out: 8, kernel: 5, pad: 2 })), "Conv2d(1→8, 5×5, pad 2, 208 params)");
  assert.equal(
    String(conv2d({ in: 3, out: 2, kernel: [3, 2], stride: [2, 1] })),
    "Conv2d(3→2, 3×2, stride 2×1, 38 params)",
  );
});

test("conv2d does not need a context", () => {
  const layer = conv2d({ in: 1, out: 1, kernel: 1 });
  assert.equal(layer.forward(noise([1, 1, 2, 2], 1)).size, 4);
  assert.equal(context().training, true);
});
