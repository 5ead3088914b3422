import assert from "node:assert/strict";
import { test } from "node:test";
import { recognise } from "../reading/recognise.js";
import { examineFree } from "./examine-free.js";

// Operations that the doctor has no definition of, each as somebody might write it, right and with mistakes in it. The
// verdicts come from the code's own forward alone.

type Row = number[];
type Rows = Row[];

/** Makes the code of an operation; each name in the set is a mistake that is in it. */
type Make = (bugs: ReadonlySet<string>) => Record<string, unknown>;

interface Operation {
  readonly make: Make;
  /** The tensors that each mistake spoils, and words that the finding has to contain. */
  readonly bugs: Readonly<Record<string, readonly [tensors: readonly string[], words?: RegExp]>>;
}

const logistic = (v: number) => 1 / (1 + Math.exp(-v));
const mean = (r: Row) => r.reduce((a, b) => a + b, 0) / r.length;
const dot = (a: Row, b: Row) => a.reduce((s, v, i) => s + v * b[i], 0);

const operations: Readonly<Record<string, Operation>> = {
  "silu, a pair with the input": {
    make: (bugs) => ({
      silu_forward: (x: Rows) => x.map((r) => r.map((v) => v * logistic(v))),
      silu_backward: (dout: Rows, x: Rows) =>
        dout.map((r, n) =>
          r.map((g, i) => {
            const s = logistic(x[n][i]);
            return (
              g * (bugs.has("product rule") ? s : s + x[n][i] * s * (1 - s)) * (bugs.has("sign") ? -1 : 1)
            );
          }),
        ),
    }),
    bugs: { "product rule": [["dx"]], sign: [["dx"], /wrong sign/] },
  },
  "tanh gelu, a function and its derivative of single numbers": {
    make: (bugs) => {
      const c = Math.sqrt(2 / Math.PI);
      const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(c * (x + 0.044715 * x ** 3)));
      const geluPrime = (x: number) => {
        const t = Math.tanh(c * (x + 0.044715 * x ** 3));
        return (
          0.5 * (1 + t) +
          0.5 * x * (1 - t * t) * c * (1 + (bugs.has("inner factor") ? 1 : 3) * 0.044715 * x * x)
        );
      };
      return { gelu, geluPrime };
    },
    bugs: { "inner factor": [["dx"]] },
  },
  "layer norm, a cache": {
    make: (bugs) => ({
      layernorm_forward(x: Rows, gamma: Row, beta: Row, eps = 1e-5) {
        const cache = x.map((r) => {
          const mu = mean(r);
          const inv = 1 / Math.sqrt(mean(r.map((v) => (v - mu) ** 2)) + eps);
          return { xhat: r.map((v) => (v - mu) * inv), inv };
        });
        return [cache.map(({ xhat }) => xhat.map((v, i) => gamma[i] * v + beta[i])), { rows: cache, gamma }];
      },
      layernorm_backward(dout: Rows, cache: { rows: { xhat: Row; inv: number }[]; gamma: Row }) {
        const { rows, gamma } = cache;
        const dx = dout.map((r, n) => {
          const { xhat, inv } = rows[n];
          const dh = r.map((g, i) => g * gamma[i]);
          const [a, b] = [mean(dh), mean(dh.map((v, i) => v * xhat[i]))];
          return dh.map((v, i) => inv * (v - (bugs.has("mean") ? 0 : a) - xhat[i] * b));
        });
        const dgamma = gamma.map((_, i) =>
          dout.reduce((s, r, n) => (bugs.has("=") ? 0 : s) + r[i] * rows[n].xhat[i], 0),
        );
        return [dx, dgamma, gamma.map((_, i) => dout.reduce((s, r) => s + r[i], 0))];
      },
    }),
    bugs: { mean: [["dx"]], "=": [["dgamma"], /last sample/] },
  },
  "rms norm, a class": {
    make: (bugs) => ({
      RMSNorm: class {
        weight: Row;
        weightGrad: Row = [];
        x: Rows = [];
        r: Row = [];
        constructor(dim: number) {
          this.weight = new Array(dim).fill(1);
        }
        forward(x: Rows) {
          this.x = x;
          this.r = x.map((row) => Math.sqrt(mean(row.map((v) => v * v)) + 1e-3));
          return x.map((row, n) => row.map((v, i) => (this.weight[i] * v) / this.r[n]));
        }
        backward(grad: Rows) {
          this.weightGrad = this.weight.map((_, i) =>
            grad.reduce((s, g, n) => s + (g[i] * this.x[n][i]) / this.r[n], 0),
          );
          return grad.map((g, n) => {
            const gw = g.map((v, i) => v * this.weight[i]);
            const s = dot(gw, this.x[n]) / (bugs.has("mean") ? 1 : g.length) / this.r[n] ** 3;
            return gw.map((v, i) => v / this.r[n] - this.x[n][i] * s);
          });
        }
      },
    }),
    bugs: { mean: [["dx"]] },
  },
  "PReLU with its slope": {
    make: (bugs) => ({
      prelu_forward: (x: Rows, alpha: Row) => x.map((r) => r.map((v, c) => (v > 0 ? v : alpha[c] * v))),
      prelu_backward: (dy: Rows, x: Rows, alpha: Row) => ({
        dx: dy.map((r, n) => r.map((g, c) => (x[n][c] > 0 ? g : alpha[c] * g))),
        dalpha: alpha.map((_, c) =>
          dy.reduce((s, r, n) => s + (bugs.has("side") === x[n][c] > 0 ? r[c] * x[n][c] : 0), 0),
        ),
      }),
    }),
    bugs: { side: [["dalpha"]] },
  },
  embedding: {
    make: (bugs) => ({
      embedding_forward: (ids: Row, W: Rows) => [ids.map((i) => W[i].slice()), { ids, W }],
      embedding_backward: (dout: Rows, { ids, W }: { ids: Row; W: Rows }) => {
        const dW = W.map((r) => r.map(() => 0));
        ids.forEach((id, n) => {
          dout[n].forEach((g, d) => {
            if (bugs.has("scaled")) dW[id][d] += 2 * g;
            else dW[id][d] += g;
          });
        });
        return dW;
      },
    }),
    bugs: { scaled: [["dW"], /2 times/] },
  },
  "attention of one head": {
    make: (bugs) => ({
      attention_forward(q: Rows, k: Rows, v: Rows) {
        const s = 1 / Math.sqrt(q[0].length);
        const p = q.map((row) => {
          const z = k.map((other) => s * dot(row, other));
          const e = z.map((w) => Math.exp(w - Math.max(...z)));
          const sum = e.reduce((a, b) => a + b);
          return e.map((w) => w / sum);
        });
        return {
          out: p.map((row) => v[0].map((_, d) => row.reduce((t, w, j) => t + w * v[j][d], 0))),
          cache: { q, k, v, p, s },
        };
      },
      attention_backward(dout: Rows, cache: { q: Rows; k: Rows; v: Rows; p: Rows; s: number }) {
        const { q, k, v, p, s } = cache;
        const dp = dout.map((g) => v.map((row) => dot(g, row)));
        const dz = dp.map((row, i) =>
          row.map((g, j) => p[i][j] * (g - (bugs.has("Jacobian") ? 0 : dot(row, p[i])))),
        );
        const dq = dz.map((row) =>
          q[0].map((_, d) => (bugs.has("scale") ? 1 : s) * row.reduce((t, g, j) => t + g * k[j][d], 0)),
        );
        const dk = k.map((_, j) =>
          k[0].map((__, d) => s * dz.reduce((t, row, i) => t + row[j] * q[i][d], 0)),
        );
        return {
          dq,
          dk,
          dv: v.map((_, j) => v[0].map((__, d) => dout.reduce((t, g, i) => t + p[i][j] * g[d], 0))),
        };
      },
    }),
    bugs: { scale: [["dq"]], Jacobian: [["dq", "dk"]] },
  },
  "RNN cell": {
    make: (bugs) => ({
      rnn_step_forward(x: Rows, h: Rows, Wx: Rows, Wh: Rows, b: Row) {
        const next = x.map((r, n) =>
          b.map((v, o) =>
            Math.tanh(
              v + r.reduce((s, u, i) => s + u * Wx[i][o], 0) + h[n].reduce((s, u, i) => s + u * Wh[i][o], 0),
            ),
          ),
        );
        return [next, [x, h, Wx, Wh, next]];
      },
      rnn_step_backward(dnext: Rows, cache: Rows[]) {
        const [x, h, Wx, Wh, next] = cache;
        const da = dnext.map((r, n) =>
          r.map((g, o) => g * (1 - (bugs.has("tanh") ? next[n][o] : next[n][o] ** 2))),
        );
        const back = (W: Rows) => da.map((r) => W.map((row) => dot(row, r)));
        const outer = (a: Rows) =>
          a[0].map((_, i) => da[0].map((__, o) => a.reduce((s, r, n) => s + r[i] * da[n][o], 0)));
        return [
          back(Wx),
          back(bugs.has("weights") ? Wx : Wh),
          outer(x),
          outer(h),
          da[0].map((_, o) => da.reduce((s, r) => s + r[o], 0)),
        ];
      },
    }),
    bugs: { tanh: [["dx", "dh", "dWx", "dWh", "db"]] },
  },
  "residual block, a closure": {
    make: (bugs) => ({
      makeBlock: ({ dim }: { dim: number }) => {
        const W = Array.from({ length: dim }, (_, i) =>
          Array.from({ length: dim }, (__, j) => Math.sin(i + 2 * j)),
        );
        const params = { W };
        const grads: { W?: Rows } = {};
        let kept: Rows = [];
        return {
          params,
          grads,
          forward(x: Rows) {
            kept = x;
            return x.map((r) =>
              r.map((v, o) => v + r.reduce((s, u, i) => s + Math.max(u, 0) * params.W[i][o], 0)),
            );
          },
          backward(dout: Rows) {
            grads.W = params.W.map((row, i) =>
              row.map((_, o) => dout.reduce((s, g, n) => s + g[o] * Math.max(kept[n][i], 0), 0)),
            );
            return dout.map((g, n) =>
              g.map((v, i) => (bugs.has("skip") ? 0 : v) + (kept[n][i] > 0 ? dot(params.W[i], g) : 0)),
            );
          },
        };
      },
    }),
    bugs: { skip: [["dx"]] },
  },
  "1-D convolution with a stride": {
    make: (bugs) => ({
      conv1d_forward(x: Rows[], W: Rows[], b: Row, stride = 1) {
        const L = Math.floor((x[0][0].length - W[0][0].length) / stride) + 1;
        return x.map((s) =>
          W.map((w, f) =>
            Array.from({ length: L }, (_, t) =>
              w.reduce((sum, r, c) => sum + r.reduce((u, v, k) => u + v * s[c][t * stride + k], 0), b[f]),
            ),
          ),
        );
      },
      conv1d_backward(dout: Rows[], x: Rows[], W: Rows[], stride = 1) {
        const dx = x.map((s) => s.map((r) => r.map(() => 0)));
        const dW = W.map((w) => w.map((r) => r.map(() => 0)));
        const db = W.map(() => 0);
        dout.forEach((s, n) => {
          s.forEach((r, f) => {
            r.forEach((g, t) => {
              db[f] += g;
              W[f].forEach((row, c) => {
                row.forEach((v, k) => {
                  dx[n][c][t * (bugs.has("stride") ? 1 : stride) + k] += g * v;
                  dW[f][c][k] += g * x[n][c][t * stride + k];
                });
              });
            });
          });
        });
        return { dx, dW, db };
      },
    }),
    bugs: { stride: [["dx"], /not the derivative/] },
  },
  "global average pooling": {
    make: (bugs) => ({
      global_avg_pool_forward: (x: Rows[][]) => x.map((s) => s.map((p) => mean(p.map(mean)))),
      global_avg_pool_backward: (dout: Rows, x: Rows[][]) =>
        x.map((s, n) =>
          s.map((p, c) =>
            p.map((r) => r.map(() => dout[n][c] / (p.length * (bugs.has("width") ? p.length : r.length)))),
          ),
        ),
    }),
    bugs: { width: [["dx"]] },
  },
  "Huber loss, a class": {
    make: (bugs) => ({
      HuberLoss: class {
        d: Row = [];
        delta: number;
        constructor(delta = 1) {
          this.delta = delta;
        }
        forward(pred: Row, target: Row) {
          this.d = pred.map((v, i) => v - target[i]);
          return mean(
            this.d.map((v) =>
              Math.abs(v) <= this.delta ? 0.5 * v * v : this.delta * (Math.abs(v) - 0.5 * this.delta),
            ),
          );
        }
        backward() {
          const { d, delta } = this;
          return d.map(
            (v) =>
              (Math.abs(v) <= delta ? v : bugs.has("linear") ? Math.sign(v) : delta * Math.sign(v)) /
              (bugs.has("N") ? 1 : d.length),
          );
        }
      },
    }),
    bugs: { linear: [["dpred"]], N: [["dpred"], /factor|times/] },
  },
  "hinge loss with its gradient": {
    make: (bugs) => ({
      svm_loss(scores: Rows, y: Row, margin = 0.7) {
        let loss = 0;
        const dscores = scores.map((r) => r.map(() => 0));
        scores.forEach((r, n) => {
          r.forEach((v, k) => {
            const m = v - r[y[n]] + margin;
            if (k === y[n] || m <= 0) return;
            loss += m / scores.length;
            dscores[n][k] += 1 / scores.length;
            if (!bugs.has("right class")) dscores[n][y[n]] -= 1 / scores.length;
          });
        });
        return [loss, dscores];
      },
    }),
    bugs: { "right class": [["dscores"]] },
  },
  "BCE with logits": {
    make: (bugs) => ({
      bceLoss: (z: Row, t: Row) => ({
        loss: mean(z.map((v, i) => Math.max(v, 0) - v * t[i] + Math.log1p(Math.exp(-Math.abs(v))))),
        grad: z.map((v, i) => (logistic(v) - (bugs.has("target") ? 1 : t[i])) / z.length),
      }),
    }),
    bugs: { target: [["dz"]] },
  },
  pullback: {
    make: (bugs) => ({
      softplus_forward: (x: Row) => [
        x.map((v) => Math.log1p(Math.exp(v))),
        (dy: Row) =>
          dy.map((g, i) => g * (bugs.has("of y") ? logistic(Math.log1p(Math.exp(x[i]))) : logistic(x[i]))),
      ],
    }),
    bugs: { "of y": [["dx"]] },
  },
  "weights averaged over the batch, as some courses do": {
    make: (bugs) => ({
      linear_forward: (A: Rows, W: Rows, b: Rows) => {
        const Z = W.map((w, o) => A[0].map((_, m) => w.reduce((s, v, i) => s + v * A[i][m], b[o][0])));
        return [Z, [A, W, b]];
      },
      linear_backward(dZ: Rows, cache: Rows[]) {
        const [A, W] = cache;
        const m = A[0].length;
        const dW = dZ.map((r) => A.map((a) => (bugs.has("db alone") ? 1 : 1 / m) * dot(r, a)));
        const db = dZ.map((r) => [r.reduce((a, b) => a + b, 0) / m]);
        return [
          A.map((_, i) =>
            A[0].map((__, n) =>
              W.reduce(
                (s, w, o) =>
                  s + (bugs.has("transposed") && W.length === W[0].length ? W[i][o] : w[i]) * dZ[o][n],
                0,
              ),
            ),
          ),
          dW,
          db,
        ];
      },
    }),
    bugs: {},
  },
  "float32 outputs": {
    make: (bugs) => ({
      Swish32: class {
        x = new Float32Array(0);
        forward(x: ArrayLike<number>) {
          this.x = Float32Array.from(x);
          return Float32Array.from(x, (v) => v * logistic(v));
        }
        backward(dy: ArrayLike<number>) {
          return Float32Array.from(
            dy,
            (g, i) =>
              g *
              (logistic(this.x[i]) +
                (bugs.has("term") ? 0 : this.x[i] * logistic(this.x[i]) * (1 - logistic(this.x[i])))),
          );
        }
      },
    }),
    bugs: { term: [["dx"]] },
  },
};

function examined(code: Record<string, unknown>) {
  const given = Object.fromEntries(Object.entries(code).filter(([, v]) => v !== undefined));
  const { subjects, others } = recognise(given);
  assert.equal(subjects.length, 1, `others: ${others}`);
  return examineFree(subjects[0]);
}

for (const [name, { make, bugs }] of Object.entries(operations)) {
  test(`${name}: nothing in it is blamed`, () => {
    const report = examined(make(new Set()));
    assert.deepEqual(report?.wrong ?? [], []);
    if (Object.keys(bugs).length > 0) assert.ok((report?.right.length ?? 0) > 0, JSON.stringify(report));
  });
  for (const [bug, [tensors, words]] of Object.entries(bugs))
    test(`${name}, mistake "${bug}": ${tensors.join(", ")}`, () => {
      const report = examined(make(new Set([bug])));
      assert.deepEqual(
        report?.wrong.map(({ tensor }) => tensor).sort(),
        [...tensors].sort(),
        JSON.stringify(report),
      );
      for (const { mistake, where, cure } of report?.wrong ?? []) {
        if (words !== undefined) assert.match(mistake, words);
        assert.ok(where !== "" && cure !== "");
      }
    });
}

test("what cannot be called, is random or has no gradient is not judged", () => {
  const noise = {
    noisy_forward: (x: Row) => x.map((v) => v + Math.random()),
    noisy_backward: (dy: Row) => dy,
  };
  const throwing = {
    bad_forward: (): Row => {
      throw new Error("no");
    },
    bad_backward: (dy: Row) => dy,
  };
  const steps = { round_forward: (x: Row) => x.map(Math.round), round_backward: (dy: Row) => dy };
  for (const code of [noise, throwing]) assert.equal(examined(code), undefined);
  assert.deepEqual(examined(steps)?.wrong ?? [], []);
});
