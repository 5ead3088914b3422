import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { avgPool2d } from "./avg-pool2d.js";
import { convTranspose2d } from "./conv-transpose2d.js";
import { conv1d } from "./conv1d.js";
import { conv2d } from "./conv2d.js";
import { globalAvgPool2d } from "./global-avg-pool2d.js";
import { arange, checkGradients, checkPromises, noise, randomised } from "./gradients.test.helper.js";
import { maxPool2d } from "./max-pool2d.js";
import { avgPool1d, maxPool1d } from "./pool1d.js";

for (const [make, shape] of [
  [() => conv2d({ in: 2, out: 3, kernel: 2, dilation: 2 }), [2, 2, 4, 5]],
  [() => conv2d({ in: 4, out: 6, kernel: [2, 3], groups: 2, pad: 1, stride: 2 }), [2, 4, 4, 5]],
  [() => conv2d({ in: 3, out: 6, kernel: 3, groups: 3, dilation: [1, 2], pad: [0, 2] }), [2, 3, 4, 5]],
  [() => conv1d({ in: 2, out: 3, kernel: 3, pad: 1 }), [2, 2, 6]],
  [() => conv1d({ in: 2, out: 4, kernel: 2, dilation: 3, groups: 2, stride: 2 }), [2, 2, 7]],
  [() => convTranspose2d({ in: 2, out: 3, kernel: [3, 2], stride: [1, 2], pad: [1, 0] }), [2, 2, 3, 4]],
  [() => convTranspose2d({ in: 2, out: 1, kernel: 2, stride: 3, outputPad: 2, bias: false }), [2, 2, 2, 3]],
  [() => globalAvgPool2d(), [2, 3, 4, 5]],
  [() => avgPool2d({ kernel: 3, stride: 2, pad: 1, countPad: false }), [2, 2, 5, 6]],
  [() => avgPool2d({ kernel: [2, 3], stride: 2, ceil: true }), [2, 2, 5, 6]],
  [() => maxPool2d({ kernel: 2, ceil: true }), [2, 2, 5, 7]],
  [() => maxPool1d({ kernel: 3, stride: 2, pad: 1 }), [2, 3, 8]],
  [() => avgPool1d({ kernel: 2, ceil: true }), [2, 3, 7]],
] as const) {
  test(`${make()} gradients x=[${shape}]`, () => {
    checkGradients(randomised(make()), noise(shape, 1));
    checkPromises(randomised(make()), noise(shape, 2));
    const layer = randomised(make());
    assert.deepEqual(layer.outputShape(shape.slice(1)), layer.forward(noise(shape, 3)).shape.slice(1));
  });
}

const ones = <L extends { params: Readonly<Record<string, { value: Tensor }>> }>(layer: L): L => {
  for (const { value } of Object.values(layer.params)) value.data.fill(1);
  return layer;
};

test("dilation 2: every other pixel; 1 + 3 + 5", () => {
  const layer = ones(conv1d({ in: 1, out: 1, kernel: 3, dilation: 2, bias: false }));
  assert.deepEqual(layer.forward(arange([1, 1, 5])).toNested(), [[[9]]]);
});

test("groups: each kernel sees its own channels only", () => {
  const layer = ones(conv2d({ in: 4, out: 2, kernel: 1, groups: 2, bias: false }));
  assert.deepEqual(layer.forward(Tensor.from([[[[1]], [[2]], [[10]], [[20]]]])).toNested(), [
    [[[3]], [[30]]],
  ]);
});

test("convTranspose2d, stride 2: each pixel is spread over its own 2×2 window", () => {
  const layer = convTranspose2d({ in: 1, out: 1, kernel: 2, stride: 2 });
  layer.params.weight.value.data.set([1, 2, 3, 4]);
  ("bias" in layer.params ? layer.params.bias : assert.fail()).value.data.set([10]);
  assert.deepEqual(layer.forward(Tensor.from([[[[1, 5]]]])).toNested(), [
    [
      [
        [11, 12, 15, 20],
        [13, 14, 25, 30],
      ],
    ],
  ]);
});

test("avgPool2d without the padding: the corner's mean is over the pixels inside", () => {
  const x = arange([1, 1, 2, 2]);
  const pool = { kernel: 2, pad: 1, stride: 2 };
  assert.deepEqual(avgPool2d(pool).forward(x).toNested(), [
    [
      [
        [0.25, 0.5],
        [0.75, 1],
      ],
    ],
  ]);
  assert.deepEqual(
    avgPool2d({ ...pool, countPad: false })
      .forward(x)
      .toNested(),
    x.toNested(),
  );
});

test("ceil: 5 pixels in windows of 2 are 3 windows, and none that begins in the padding", () => {
  assert.deepEqual(
    maxPool1d({ kernel: 2, ceil: true })
      .forward(arange([1, 1, 5]))
      .toNested(),
    [[[2, 4, 5]]],
  );
  assert.deepEqual(
    maxPool1d({ kernel: 2, stride: 3, pad: 1, ceil: true }).outputShape([1, 5]),
    [1, 2],
    "a third one would begin at 5, in the padding",
  );
  assert.deepEqual(
    avgPool1d({ kernel: 2, ceil: true })
      .forward(arange([1, 1, 3]))
      .toNested(),
    [[[1.5, 3]]],
  );
});

for (const [make, message] of [
  [
    () => conv2d({ in: 3, out: 4, kernel: 1, groups: 2 }),
    /conv2d: groups 2 for 3 channels in and 4 out, expected a number that divides both\. groups: 3 makes/,
  ],
  [
    () => conv2d({ in: 4, out: 3, kernel: 1, groups: 2 }),
    /groups 2 for 4 channels in and 3 out.* out: 4 would do/,
  ],
  [
    () => conv2d({ in: 1, out: 1, kernel: 3, dilation: 2 }).outputShape([1, 4, 9]),
    /conv2d height: a window of 5 pixels does not fit into 4 \+ 2·0 = 4 pixels/,
  ],
  [
    () => conv1d({ in: 1, out: 1, kernel: 3 }).outputShape([1, 4, 9]),
    /conv1d: a sample has the shape \[1, 4, 9\], expected 2 axes \[C, L\].*such as conv2d/,
  ],
  [
    () => convTranspose2d({ in: 1, out: 1, kernel: 2, stride: 2, outputPad: 2 }),
    /convTranspose2d: outputPad 2×2 with the stride 2×2, expected less than the stride/,
  ],
  [
    () => convTranspose2d({ in: 1, out: 1, kernel: 2, pad: 3 }).outputShape([1, 2, 2]),
    /pad 3×3 cuts everything off/,
  ],
  [() => maxPool1d({ kernel: 2, pad: 2 }), /maxPool1d: pad 2 with a kernel of 2, expected at most half/],
  // @ts-expect-error: only a mean has a divisor
  [() => maxPool2d({ kernel: 2, countPad: false }), /maxPool2d: unknown option "countPad"/],
  [
    () => globalAvgPool2d().outputShape([3]),
    /globalAvgPool2d: a sample has the shape \[3\].*before flatten\(\)/,
  ],
] as const) {
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(make, message));
}
