import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arrayDataset,
  type Dataset,
  type DType,
  type FitConfig,
  type FloatArray,
  fit,
  type Layer,
  type Loss,
  linear,
  type Optimizer,
  Parameter,
  sequential,
  Tensor,
  tanh,
} from "gradbook";
import {
  assertTrainedAlike,
  filled,
  readTrained,
  type Trained,
  trainedOf,
} from "./support/trained-reference.js";

const reference = readTrained("own-code.json");

// Losses, rules, layers and sets as a student writes them, against the same in PyTorch: tests/reference/make_own_code.py.

// ---- losses: the loss of a sample and its gradient, for scores z [3] and a class

type PerSample = (z: ArrayLike<number>, label: number, dz: FloatArray) => number;
const oneHot = (k: number, label: number) => (k === label ? 1 : 0);

function softmax(z: ArrayLike<number>): number[] {
  const top = Math.max(...Array.from(z));
  const e = Array.from(z, (v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b);
  return e.map((v) => v / sum);
}

/** Cross-entropy against any target, times a weight. */
function crossEntropy(z: ArrayLike<number>, t: readonly number[], dz: FloatArray, weight = 1): number {
  const p = softmax(z);
  const total = t.reduce((a, b) => a + b);
  for (let k = 0; k < 3; k++) dz[k] = weight * (total * p[k] - t[k]);
  return -weight * t.reduce((sum, share, k) => sum + share * Math.log(p[k]), 0);
}

const losses: Record<string, PerSample> = {
  absolute(z, label, dz) {
    let sum = 0;
    for (let k = 0; k < 3; k++) {
      dz[k] = Math.sign(z[k] - oneHot(k, label));
      sum += Math.abs(z[k] - oneHot(k, label));
    }
    return sum;
  },
  huber(z, label, dz) {
    let sum = 0;
    for (let k = 0; k < 3; k++) {
      const d = z[k] - oneHot(k, label);
      dz[k] = Math.abs(d) < 0.5 ? d : 0.5 * Math.sign(d);
      sum += Math.abs(d) < 0.5 ? (d * d) / 2 : 0.5 * (Math.abs(d) - 0.25);
    }
    return sum;
  },
  smoothed: (z, label, dz) =>
    crossEntropy(
      z,
      [0, 1, 2].map((k) => 0.9 * oneHot(k, label) + 0.1 / 3),
      dz,
    ),
  weighted: (z, label, dz) =>
    crossEntropy(
      z,
      [0, 1, 2].map((k) => oneHot(k, label)),
      dz,
      [1, 2, 0.5][label],
    ),
  hinge(z, label, dz) {
    let sum = 0;
    dz.fill(0);
    for (let k = 0; k < 3; k++) {
      const margin = z[k] - z[label] + 1;
      if (k === label || margin <= 0) continue;
      sum += margin;
      dz[k] += 1;
      dz[label] -= 1;
    }
    return sum;
  },
  squaredSum(z, label, dz) {
    let sum = 0;
    for (let k = 0; k < 3; k++) {
      dz[k] = z[k] - oneHot(k, label);
      sum += dz[k] ** 2 / 2;
    }
    return sum;
  },
  focal(z, label, dz) {
    const p = softmax(z);
    const [own, log] = [p[label], Math.log(p[label])];
    // d/dp of −(1 − p)² ln p, and dp/dz of softmax
    const slope = 2 * (1 - own) * log - (1 - own) ** 2 / own;
    for (let k = 0; k < 3; k++) dz[k] = slope * own * (oneHot(k, label) - p[k]);
    return -((1 - own) ** 2) * log;
  },
};

function lossOf(name: string): Loss {
  const perSample = losses[name];
  const reduction = name === "squaredSum" ? "sum" : "mean";
  const visit = (output: Tensor, labels: ArrayLike<number>, gradient: Tensor): number => {
    let sum = 0;
    for (let n = 0; n < labels.length; n++)
      sum += perSample(
        output.data.subarray(3 * n, 3 * n + 3),
        labels[n],
        gradient.data.subarray(3 * n, 3 * n + 3),
      );
    return sum;
  };
  return {
    spec: { kind: name, reduction },
    sum: (output, labels) => visit(output, labels, Tensor.zeros(output.shape, "float64")),
    gradient(output, labels) {
      const gradient = Tensor.zeros(output.shape, "float64");
      visit(output, labels, gradient);
      if (reduction === "mean") for (let i = 0; i < gradient.size; i++) gradient.data[i] /= labels.length;
      return gradient;
    },
  };
}

// ---- rules

const each = (step: (w: number, g: number) => number): Optimizer["update"] =>
  function update(w, g) {
    for (let i = 0; i < w.length; i++) w[i] = step(w[i], g[i]);
  };
const clamp = (v: number, limit: number) => Math.max(-limit, Math.min(limit, v));
const updates: Record<string, Optimizer["update"]> = {
  softsign: each((w, g) => w - (0.02 * g) / (Math.abs(g) + 0.01)),
  clipped: each((w, g) => w - 0.1 * clamp(g, 0.05)),
  averaged(w, g, [s]) {
    for (let i = 0; i < w.length; i++) {
      s[i] = 0.9 * s[i] + 0.1 * g[i];
      w[i] -= 0.2 * s[i];
    }
  },
  adagrad(w, g, [s], lr) {
    for (let i = 0; i < w.length; i++) {
      s[i] += g[i] ** 2;
      w[i] -= (lr * g[i]) / (Math.sqrt(s[i]) + 1e-8);
    }
  },
  lasso: each((w, g) => w - 0.05 * (g + 0.1 * Math.sign(w))),
  adam(w, g, [m, s], _lr, t) {
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.8 * m[i] + 0.2 * g[i];
      s[i] = 0.9 * s[i] + 0.1 * g[i] ** 2;
      w[i] -= (0.02 * (m[i] / (1 - 0.8 ** t))) / (Math.sqrt(s[i] / (1 - 0.9 ** t)) + 1e-3);
    }
  },
};

// ---- layers

/** A parameter of n values that begins with a formula's numbers; see `beginnings`. */
const parameter = (n: number): Parameter => new Parameter([n], n, n);
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

class Affine implements Layer {
  readonly params: Record<string, Parameter>;
  #x = Tensor.zeros([0]);
  constructor(bias: boolean) {
    this.params = bias ? { w: parameter(4), b: parameter(4) } : { w: parameter(4) };
  }
  forward(x: Tensor): Tensor {
    this.#x = x;
    const { w, b } = this.params;
    return new Tensor(
      x.shape,
      x.data.map((v, i) => v * w.value.data[i % 4] + (b?.value.data[i % 4] ?? 0)),
    );
  }
  backward(dy: Tensor): Tensor {
    const { w, b } = this.params;
    for (let i = 0; i < dy.size; i++) {
      w.grad.data[i % 4] += dy.data[i] * this.#x.data[i];
      if (b !== undefined) b.grad.data[i % 4] += dy.data[i];
    }
    return new Tensor(
      dy.shape,
      dy.data.map((v, i) => v * w.value.data[i % 4]),
    );
  }
}

function elementwise(f: (v: number) => number, slope: (v: number) => number): Layer {
  let kept = Tensor.zeros([0]);
  return {
    forward(x) {
      kept = x;
      return new Tensor(x.shape, x.data.map(f));
    },
    backward: (dy) =>
      new Tensor(
        dy.shape,
        dy.data.map((v, i) => v * slope(kept.data[i])),
      ),
  };
}

/** y = x·σ(βx) with one β for all features */
class Swish implements Layer {
  readonly params = { beta: parameter(1) };
  #x = Tensor.zeros([0]);
  forward(x: Tensor): Tensor {
    this.#x = x;
    const [beta] = this.params.beta.value.data;
    return new Tensor(
      x.shape,
      x.data.map((v) => v * sigmoid(beta * v)),
    );
  }
  backward(dy: Tensor): Tensor {
    const { beta } = this.params;
    const [b] = beta.value.data;
    return new Tensor(
      dy.shape,
      dy.data.map((d, i) => {
        const v = this.#x.data[i];
        const s = sigmoid(b * v);
        beta.grad.data[0] += d * v * v * s * (1 - s);
        return d * (s + b * v * s * (1 - s));
      }),
    );
  }
}

/** x minus its mean over the features, and so its own gradient */
const centre = (x: Tensor): Tensor =>
  new Tensor(
    x.shape,
    x.data.map((v, i) => {
      const row = x.data.subarray(i - (i % 4), i - (i % 4) + 4);
      return v - (row[0] + row[1] + row[2] + row[3]) / 4;
    }),
  );

const layers: Record<string, () => Layer> = {
  scale: () => new Affine(false),
  affine: () => new Affine(true),
  softplus: () => elementwise((v) => Math.log1p(Math.exp(v)), sigmoid),
  swish: () => new Swish(),
  centred: () => ({ forward: centre, backward: centre }),
};

/** First values of a layer's parameters, in their order. */
const beginnings: Readonly<Record<string, readonly Float64Array[]>> = {
  scale: [filled(4, 31, 1, 1)],
  affine: [filled(4, 32, 1, 1), filled(4, 33, 1)],
  softplus: [],
  swish: [filled(1, 34, 1, 1)],
  centred: [],
};

// ---- sets

const x = filled(30, 11, 3);
const labels = Array.from({ length: 10 }, (_, i) => (7 * i + 2) % 3);
const own: Dataset = {
  name: "own",
  size: 10,
  shape: [3],
  classes: 3,
  labels: Uint8Array.from(labels),
  classNames: ["a", "b", "c"],
  source: "a formula",
  digest: "own",
  read(index, out, offset) {
    for (let k = 0; k < 3; k++) out[offset + k] = x[3 * index + k];
  },
  subset: () => own,
};
const sets = [own, arrayDataset(x, labels, [3])];
const augment: NonNullable<FitConfig["augment"]> = ({ data }) => {
  const [first] = data;
  for (let k = 0; k < 3; k++) data[k] = first > 0 ? data[k] * 1.1 : data[k] - 0.1;
};

function result(names: readonly string[], dtype: DType, index: number): Trained {
  const [loss, rule, layer] = names;
  const at = [losses, updates, layers].map((table, i) => Object.keys(table).indexOf(names[i]));
  const model = sequential([linear({ in: 3, out: 4 }), tanh(), layers[layer](), linear({ in: 4, out: 3 })], {
    input: [3],
    dtype,
  });
  const start = [
    filled(12, 21, 2),
    filled(4, 22, 0.4),
    ...beginnings[layer],
    filled(12, 23, 2),
    filled(3, 24, 0.4),
  ];
  for (const [i, { parameter: p }] of model.parameters.entries()) p.value.data.set(start[i]);
  const run = fit(model, {
    train: sets[index % 2],
    optimizer: { spec: { kind: rule, lr: 0.05 }, slots: 2, update: updates[rule] },
    loss: lossOf(loss),
    batch: 4,
    epochs: 2,
    shuffle: false,
    augment: (at[0] + at[1] + at[2]) % 2 === 1 ? augment : (sample) => sample,
  });
  return trainedOf(run, model);
}

test("own-code.json holds at least 200 combinations, all of these losses, rules and layers", () => {
  const names = Object.keys(reference).map((name) => name.split(" "));
  assert.ok(names.length >= 200);
  for (const [i, table] of [losses, updates, layers].entries())
    assert.deepEqual([...new Set(names.map((n) => n[i]))].sort(), Object.keys(table).sort());
});

console.info = () => {};
for (const [dtype, tolerance] of [
  ["float64", 1e-10],
  ["float32", 3e-5],
] as const)
  for (const loss of Object.keys(losses))
    test(`${loss} with every rule and layer trains as PyTorch's autograd does, ${dtype}`, () => {
      let compared = 0;
      for (const [index, [name, expected]] of Object.entries(reference).entries()) {
        const names = name.split(" ");
        if (names[0] !== loss) continue;
        assertTrainedAlike(name, result(names, dtype, index), expected, tolerance);
        compared++;
      }
      assert.equal(compared, 30);
    });
