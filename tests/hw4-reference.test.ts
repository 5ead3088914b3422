import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  adagrad,
  adam,
  adamw,
  conv2d,
  flatten,
  type Loss,
  linear,
  maxPool2d,
  mse,
  type Optimizer,
  relu,
  rmsprop,
  type Sequential,
  type Shape,
  sequential,
  sgd,
  softmaxCrossEntropy,
  Tensor,
} from "gradbook";

/** What tests/reference/make_hw4.py writes of a tensor. */
interface Digest {
  readonly every: number;
  readonly elements: readonly number[];
  readonly sum: number;
  readonly squares: number;
  readonly weighted: number;
}

interface Reference {
  readonly labels: readonly number[];
  readonly logits: number[][];
  readonly reductions: Readonly<
    Record<string, { loss: number; input?: Digest; gradients: readonly Digest[] }>
  >;
  readonly steps: Readonly<Record<string, Readonly<Record<string, readonly Digest[]>>>>;
}

const reference: Reference = JSON.parse(
  readFileSync(new URL("../reference/hw4.json", import.meta.url), "utf8"),
);
const BATCH = reference.labels.length;

/** Park–Miller's generator, as in make_hw4.py: products stay below 2⁵³. */
function* stream(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 16807) % 2147483647;
    yield state / 2147483647;
  }
}

function build(): Sequential {
  const model = sequential(
    [
      conv2d({ in: 1, out: 4, kernel: 5, pad: 2 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      conv2d({ in: 4, out: 4, kernel: 5, pad: 2 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      flatten(),
      linear({ in: 196, out: 49 }),
      relu(),
      linear({ in: 49, out: 10 }),
    ],
    { input: [1, 28, 28], dtype: "float64" },
  );
  for (const [index, { parameter }] of model.parameters.entries()) {
    const { shape, data } = parameter.value;
    const fanIn = shape.slice(1).reduce((product, n) => product * n, 1);
    const scale = shape.length > 1 ? Math.sqrt(12 / fanIn) : 0.2;
    const numbers = stream(100 + index);
    for (let i = 0; i < data.length; i++) data[i] = (numbers.next().value - 0.5) * scale;
  }
  return model;
}

function images(): Tensor {
  const x = Tensor.zeros([BATCH, 1, 28, 28], "float64");
  const numbers = stream(7);
  for (let i = 0; i < x.size; i++) {
    const u = numbers.next().value;
    x.data[i] = u < 0.66 ? 0 : u;
  }
  return x;
}

/** Agreement to 1e-10 of the tensor's own size, in the elements kept and in the three sums. */
function assertAgrees(what: string, got: Tensor, expected: Digest): void {
  const size = got.size;
  const scale = 1e-10 * (1 + Math.sqrt(expected.squares));
  for (const [k, value] of expected.elements.entries()) {
    const difference = Math.abs(got.data[k * expected.every] - value);
    assert.ok(
      difference <= scale,
      `${what}[${k * expected.every}]: ${got.data[k * expected.every]} for ${value}`,
    );
  }
  let sum = 0;
  let squares = 0;
  let weighted = 0;
  for (let i = 0; i < size; i++) {
    sum += got.data[i];
    squares += got.data[i] * got.data[i];
    weighted += (got.data[i] * (i + 1)) / size;
  }
  assert.ok(
    Math.abs(sum - expected.sum) <= scale * Math.sqrt(size),
    `${what}: sum ${sum} for ${expected.sum}`,
  );
  assert.ok(
    Math.abs(squares - expected.squares) <= scale * (1 + Math.sqrt(expected.squares)),
    `${what}: squares`,
  );
  assert.ok(Math.abs(weighted - expected.weighted) <= scale * Math.sqrt(size), `${what}: weighted sum`);
}

function backward(model: Sequential, loss: Loss): Tensor {
  model.zeroGradients();
  const logits = model.forward(images());
  return model.backward(loss.gradient(logits, reference.labels));
}

test("hw4 forward: the logits of PyTorch to 1e-10", () => {
  const logits = build().forward(images());
  const expected = Tensor.from(reference.logits);
  assert.deepEqual(logits.shape, expected.shape satisfies Shape);
  for (const [i, value] of expected.data.entries()) assert.ok(Math.abs(logits.data[i] - value) < 1e-10);
});

for (const [name, loss, count] of [
  ["mean", softmaxCrossEntropy(), BATCH],
  ["sum", softmaxCrossEntropy({ reduction: "sum" }), 1],
  ["mse", mse(), BATCH],
] as const) {
  test(`hw4 backward, ${name}: loss, dx and all ten parameter gradients of PyTorch to 1e-10`, () => {
    const model = build();
    const expected = reference.reductions[name];
    const reduced = loss.sum(model.forward(images()), reference.labels) / count;
    assert.ok(Math.abs(reduced - expected.loss) < 1e-10, `loss ${reduced} for ${expected.loss}`);
    const dx = backward(model, loss);
    if (expected.input !== undefined) assertAgrees("dx", dx, expected.input);
    for (const [i, { name: parameter, parameter: p }] of model.parameters.entries()) {
      assertAgrees(`d ${parameter}`, p.grad, expected.gradients[i]);
    }
  });
}

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgd: sgd({ lr: 0.01 }),
  momentum: sgd({ lr: 0.01, momentum: 0.9 }),
  nesterov: sgd({ lr: 0.01, momentum: 0.9, nesterov: true }),
  sgdDecay: sgd({ lr: 0.01, momentum: 0.9, weightDecay: 0.1 }),
  rmsprop: rmsprop({ lr: 0.001 }),
  adam: adam({ weightDecay: 0.1 }),
  adamw: adamw({ weightDecay: 0.1 }),
  adagrad: adagrad({ lr: 0.01, weightDecay: 0.1 }),
};

for (const [name, optimizer] of Object.entries(optimizers)) {
  test(`hw4 after 1 and 3 steps of ${name}: the parameters of PyTorch to 1e-10`, () => {
    const model = build();
    const slots = model.parameters.map(({ parameter }) =>
      Array.from({ length: optimizer.slots ?? 0 }, () => new Float64Array(parameter.value.size)),
    );
    for (const step of [1, 2, 3]) {
      backward(model, softmaxCrossEntropy());
      for (const [i, { name: full, parameter }] of model.parameters.entries()) {
        optimizer.update(parameter.value.data, parameter.grad.data, slots[i], optimizer.spec.lr, step);
        const expected = reference.steps[name][step];
        if (expected !== undefined) assertAgrees(`${full} after step ${step}`, parameter.value, expected[i]);
      }
    }
  });
}
