import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { avgPool2d } from "./avg-pool2d.js";
import { arange, checkGradients, checkPromises, noise } from "./gradients.test.helper.js";
import { maxPool2d } from "./max-pool2d.js";

test("maxPool2d 2×2: literal output, the gradient goes to the winner alone", () => {
  const layer = maxPool2d({ kernel: 2 });
  assert.deepEqual(layer.forward(arange([1, 1, 4, 4])).toNested(), [
    [
      [
        [6, 8],
        [14, 16],
      ],
    ],
  ]);
  assert.deepEqual(
    layer
      .backward(
        Tensor.from([
          [
            [
              [1, 2],
              [3, 4],
            ],
          ],
        ]),
      )
      .toNested(),
    [
      [
        [
          [0, 0, 0, 0],
          [0, 1, 0, 2],
          [0, 0, 0, 0],
          [0, 3, 0, 4],
        ],
      ],
    ],
  );
});

test("maxPool2d: a tie goes to the first in row-major order", () => {
  const layer = maxPool2d({ kernel: 2 });
  layer.forward(
    Tensor.from([
      [
        [
          [0, 5],
          [5, 5],
        ],
      ],
    ]),
  );
  assert.deepEqual(layer.backward(Tensor.from([[[[1]]]])).toNested(), [
    [
      [
        [0, 1],
        [0, 0],
      ],
    ],
  ]);
  layer.forward(
    Tensor.from([
      [
        [
          [0, 0],
          [0, 0],
        ],
      ],
    ]),
  );
  assert.deepEqual(layer.backward(Tensor.from([[[[1]]]])).toNested(), [
    [
      [
        [1, 0],
        [0, 0],
      ],
    ],
  ]);
});

test("maxPool2d with overlapping windows: one pixel may win twice", () => {
  const layer = maxPool2d({ kernel: 2, stride: 1 });
  layer.forward(Tensor.from([[[[0, 9, 0]], [[0, 0, 0]]]]).reshape([1, 1, 2, 3]));
  assert.deepEqual(layer.backward(Tensor.from([[[[1, 1]]]])).toNested(), [
    [
      [
        [0, 2, 0],
        [0, 0, 0],
      ],
    ],
  ]);
});

test("maxPool2d ignores its padding: negative images keep their values", () => {
  const y = maxPool2d({ kernel: 2, stride: 2, pad: 1 }).forward(
    Tensor.from([
      [
        [
          [-1, -2],
          [-3, -4],
        ],
      ],
    ]),
  );
  assert.deepEqual(y.toNested(), [
    [
      [
        [-1, -2],
        [-3, -4],
      ],
    ],
  ]);
});

test("maxPool2d shows a NaN instead of swallowing it", () => {
  const y = maxPool2d({ kernel: 2 }).forward(
    Tensor.from([
      [
        [
          [1, Number.NaN],
          [3, 2],
        ],
      ],
    ]),
  );
  assert.ok(Number.isNaN(y.data[0]));
});

test("avgPool2d 2×2: literal output and gradient 1/k²", () => {
  const layer = avgPool2d({ kernel: 2 });
  assert.deepEqual(layer.forward(arange([1, 1, 2, 4])).toNested(), [[[[3.5, 5.5]]]]);
  assert.deepEqual(layer.backward(Tensor.from([[[[4, 8]]]])).toNested(), [
    [
      [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
      ],
    ],
  ]);
});

test("avgPool2d counts its padding as zeros", () => {
  const y = avgPool2d({ kernel: 2, pad: 1 }).forward(
    Tensor.from([
      [
        [
          [4, 8],
          [12, 16],
        ],
      ],
    ]),
  );
  assert.deepEqual(y.toNested(), [
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ]);
});

for (const [shape, config] of [
  [[2, 3, 6, 4], { kernel: 2 }],
  [[2, 2, 7, 5], { kernel: [3, 2], stride: [2, 1], pad: [1, 1] }],
  [[1, 3, 5, 7], { kernel: 3, stride: 1, pad: 1 }],
  [[3, 1, 5, 8], { kernel: [2, 4], stride: 3 }],
] as const) {
  for (const pool of [maxPool2d, avgPool2d]) {
    test(`${pool.name} gradient x=[${shape}] ${JSON.stringify(config)}`, () => {
      checkGradients(pool(config), noise(shape, 1));
      checkPromises(pool(config), noise(shape, 2));
    });
  }
}

test("pools refuse a pad above half the kernel, features instead of images, unknown options and what is no record", () => {
  assert.throws(
    () => maxPool2d({ kernel: 2, pad: 2 }),
    /pad 2 with a kernel of 2, expected at most half the kernel/,
  );
  assert.throws(
    () => avgPool2d({ kernel: 2 }).forward(noise([3, 4], 1)),
    /avgPool2d: the input has the shape \[3, 4\], expected 4 axes/,
  );
  const config = { kernel: 2, strides: 2 };
  assert.throws(() => maxPool2d(config), /Did you mean "stride"\?/);
  for (const [config, got] of [
    [[], "missing argument"],
    [[2], "2"],
  ] as const) {
    assert.throws(() => Reflect.apply(maxPool2d, undefined, config), {
      message: `maxPool2d: ${got}, expected an object { kernel, stride?, pad?, ceil? }.`,
    });
  }
});

test("pools print themselves", () => {
  assert.equal(String(maxPool2d({ kernel: 2 })), "MaxPool2d(2×2)");
  assert.equal(String(avgPool2d({ kernel: 3, stride: 1, pad: 1 })), "AvgPool2d(3×3, stride 1, pad 1)");
});
