import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as gradbook from "gradbook";
import {
  arrayDataset,
  cosineDecay,
  fit,
  type Loss,
  linear,
  type Optimizer,
  oneCycle,
  plateau,
  type StepSchedule,
  sequential,
  sgd,
  type Tensor,
  warmup,
} from "gradbook";
import { filled } from "./support/trained-reference.js";

// Update rules, clipping and learning rates against PyTorch, in float64: tests/reference/make_rules.py.

interface Reference {
  readonly rules: readonly {
    readonly rule: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly w: readonly number[];
  }[];
  readonly clip: readonly {
    readonly norm: number;
    readonly size: number;
    readonly a: readonly number[];
    readonly b: readonly number[];
  }[];
  readonly cosineDecay: readonly number[];
  readonly cosineDecayTo: readonly number[];
  readonly oneCycle: readonly number[];
  readonly losses: readonly number[];
  readonly plateau: readonly number[];
}
const reference: Reference = JSON.parse(
  readFileSync(new URL("../reference/rules.json", import.meta.url), "utf8"),
);

function near(got: ArrayLike<number>, expected: readonly number[], tolerance = 1e-10): void {
  assert.equal(got.length, expected.length);
  for (const [i, v] of expected.entries())
    assert.ok(Math.abs(got[i] - v) <= tolerance * (1 + Math.abs(v)), `[${i}] is ${got[i]}, expected ${v}`);
}

for (const { rule: name, options, w: expected } of reference.rules) {
  test(`PyTorch: eight steps of ${name} ${JSON.stringify(options)}`, () => {
    const make: (options: unknown) => Optimizer = Reflect.get(gradbook, name);
    const rule = make(options);
    const w = filled(4, 5, 3);
    const slots = Array.from({ length: rule.slots ?? 0 }, () => new Float64Array(4));
    for (let step = 0; step < 8; step++)
      rule.update(w, filled(4, 100 + step, step < 6 ? 3 : 0.1), slots, rule.spec.lr, step + 1);
    near(w, expected);
  });
}

const ratesOf = ({ perStep }: StepSchedule, count: number, steps: number) =>
  Array.from({ length: count }, (_, i) => perStep({ step: i + 1, steps, epoch: 1 }, 0.1));

test("PyTorch: CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau", () => {
  near(ratesOf(cosineDecay(), 20, 20), reference.cosineDecay);
  near(ratesOf(cosineDecay({ last: 0.2 }), 20, 20), reference.cosineDecayTo);
  near(ratesOf(oneCycle(), 19, 20), reference.oneCycle);
  const schedule = plateau({ factor: 0.5, patience: 2 });
  const history = reference.losses.map((testLoss, epoch) => ({
    epoch,
    testLoss,
    trainLoss: 0,
    trainError: 0,
    testError: 0,
  }));
  // PyTorch hears of the losses of epoch 1 on; epoch 0 is ours
  near(
    reference.plateau.map((_, i) => schedule(i + 1, 0.1, history.slice(1, i + 1))),
    reference.plateau,
  );
});

/** One step of a model whose gradients are the given ones, clipped: what the weights have moved by. */
function movedBy(clip: { norm: number } | { value: number } | undefined, dtype: "float32" | "float64") {
  const model = sequential([linear({ in: 1, out: 5 })], { input: [1], init: "zeros", dtype });
  const [a, b] = [filled(5, 9, 3), filled(3, 10, 3)];
  const given: Loss = {
    sum: () => 0,
    gradient(output: Tensor) {
      output.data.set(a);
      return output;
    },
  };
  const train = arrayDataset(Float32Array.of(b[0]), [0], [1], { classNames: ["0", "1", "2", "3", "4"] });
  fit(model, { train, loss: given, optimizer: sgd({ lr: 1 }), clip, batch: 1, epochs: 1 });
  const { weight, bias } = Object.fromEntries(
    model.parameters.map(({ name, parameter }) => [name.split(".")[1], parameter.value.data]),
  );
  return {
    weight: Array.from(weight, (v) => -v),
    bias: Array.from(bias, (v) => -v),
    a,
    x: Math.fround(b[0]),
  };
}

for (const dtype of ["float64", "float32"] as const) {
  const tolerance = dtype === "float64" ? 1e-12 : 1e-6;
  test(`gradients are clipped by their common norm, by value, and not where they are small: ${dtype}`, () => {
    const { a, x, ...free } = movedBy(undefined, dtype);
    near(free.bias, Array.from(a), tolerance);
    near(
      free.weight,
      Array.from(a, (v) => v * x),
      tolerance,
    );
    const all = [...free.weight, ...free.bias];
    const size = Math.sqrt(all.reduce((sum, v) => sum + v * v, 0));
    for (const norm of [0.5, 2 * size]) {
      const scale = Math.min(1, norm / size);
      const { weight, bias } = movedBy({ norm }, dtype);
      near(
        [...weight, ...bias],
        all.map((v) => v * scale),
        tolerance,
      );
    }
    const { weight, bias } = movedBy({ value: 0.4 }, dtype);
    near(
      [...weight, ...bias],
      all.map((v) => Math.max(-0.4, Math.min(0.4, v))),
      tolerance,
    );
  });
}

test("PyTorch: clip_grad_norm_ divides by the norm and 1e-6, which is all of the difference", () => {
  for (const { norm, size, a, b } of reference.clip) {
    const [ga, gb] = [filled(5, 9, 3), filled(3, 10, 3)];
    const scale = Math.min(1, norm / (size + 1e-6));
    near(
      [...ga, ...gb].map((v) => v * scale),
      [...a, ...b],
    );
  }
});

test("a schedule of steps in a run: each step has its own rate, and a resumed run goes on with it", () => {
  const seen: number[] = [];
  const rule: Optimizer = {
    spec: { kind: "mine", lr: 0.1 },
    update: (w, g, _slots, lr) => {
      if (w.length === 2) seen.push(lr);
      for (let i = 0; i < w.length; i++) w[i] -= lr * g[i];
    },
  };
  const train = arrayDataset(Float32Array.of(1, 2, 3, 4, 5), [0, 1, 0, 1, 1], [1]);
  const model = sequential([linear({ in: 1, out: 2, bias: false })], { input: [1], seed: 1 });
  const schedule = warmup({ steps: 4, next: cosineDecay() });
  fit(model, { train, optimizer: rule, schedule, batch: 2, epochs: 4 });
  const { perStep } = cosineDecay();
  const cosine = Array.from({ length: 8 }, (_, i) => perStep({ step: i + 1, steps: 8, epoch: 1 }, 0.1));
  near(seen, [0.025, 0.05, 0.075, 0.1, ...cosine]);
});
