import type { FloatArray } from "@gradbook/core";
import * as core from "@gradbook/core/internal";
import {
  exp,
  log,
  sigmoid,
  softmaxCrossEntropyGradient,
  softmaxCrossEntropySum,
  softmaxRows,
  tanh,
} from "@gradbook/core/internal";

/** Numbers with a shape, in whatever precision a student has chosen. */
export interface Raw {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

type Loop = (...args: never[]) => unknown;

/** The loops of the definitions that a student's code is made of; any of them may be replaced by a mutant. */
export type Loops = Readonly<Record<string, Loop>>;

/** A student's code made of the definition's loops, and which tensor each loop computes. */
export interface Student {
  readonly name: string;
  readonly loops: Loops;
  readonly tensorOf: Readonly<Record<string, string>>;
  /** What the loops call by name. */
  readonly helpers?: Readonly<Record<string, unknown>>;
  make(loops: Loops, real: Float64ArrayConstructor | Float32ArrayConstructor): object;
}

type Real = Float64ArrayConstructor | Float32ArrayConstructor;

const zeros = (shape: readonly number[], real: Real): Raw => ({
  shape,
  data: new real(shape.reduce((a, b) => a * b, 1)),
});
const run = (loop: Loop, ...args: readonly unknown[]): unknown => Reflect.apply(loop, undefined, args);

function windowDims(x: Raw, k: number, stride: number, pad: number) {
  const [N, C, H, W] = x.shape;
  const [OH, OW] = [H, W].map((size) => Math.floor((size + 2 * pad - k) / stride) + 1);
  return { N, C, H, W, planes: N * C, KH: k, KW: k, OH, OW, SH: stride, SW: stride, PH: pad, PW: pad };
}

const convolution: Student = {
  name: "conv2d",
  loops: {
    conv2dForward: core.conv2dForward,
    conv2dBackwardInput: core.conv2dBackwardInput,
    conv2dBackwardWeight: core.conv2dBackwardWeight,
    conv2dBackwardBias: core.conv2dBackwardBias,
  },
  tensorOf: {
    conv2dForward: "y",
    conv2dBackwardInput: "dx",
    conv2dBackwardWeight: "dW",
    conv2dBackwardBias: "db",
  },
  make: (l, real) => ({
    conv2d_forward(x: Raw, W: Raw, b: Raw, stride: number, pad: number) {
      const d = { ...windowDims(x, W.shape[2], stride, pad), F: W.shape[0], KW: W.shape[3] };
      d.OW = Math.floor((d.W + 2 * pad - d.KW) / stride) + 1;
      const y = zeros([d.N, d.F, d.OH, d.OW], real);
      run(l.conv2dForward, x.data, W.data, b.data, y.data, d);
      return y;
    },
    conv2d_backward(x: Raw, dy: Raw, W: Raw, stride: number, pad: number) {
      const d = { ...windowDims(x, W.shape[2], stride, pad), F: W.shape[0], KW: W.shape[3] };
      d.OW = Math.floor((d.W + 2 * pad - d.KW) / stride) + 1;
      const [dx, dW, db] = [zeros(x.shape, real), zeros(W.shape, real), zeros([d.F], real)];
      run(l.conv2dBackwardInput, dy.data, W.data, dx.data, d);
      run(l.conv2dBackwardWeight, dy.data, x.data, dW.data, d);
      run(l.conv2dBackwardBias, dy.data, db.data, d);
      return { dx, dW, db };
    },
  }),
};

const dense: Student = {
  name: "linear",
  loops: {
    linearForward: core.linearForward,
    linearBackwardInput: core.linearBackwardInput,
    linearBackwardWeight: core.linearBackwardWeight,
    linearBackwardBias: core.linearBackwardBias,
  },
  tensorOf: {
    linearForward: "y",
    linearBackwardInput: "dx",
    linearBackwardWeight: "dW",
    linearBackwardBias: "db",
  },
  make: (l, real) => ({
    linear_forward(x: Raw, W: Raw, b: Raw) {
      const d = { N: x.shape[0], I: x.shape[1], O: W.shape[0] };
      const y = zeros([d.N, d.O], real);
      run(l.linearForward, x.data, W.data, b.data, y.data, d);
      return y;
    },
    linear_backward(dy: Raw, x: Raw, W: Raw) {
      const d = { N: x.shape[0], I: x.shape[1], O: W.shape[0] };
      const [dx, dW, db] = [zeros(x.shape, real), zeros(W.shape, real), zeros([d.O], real)];
      run(l.linearBackwardInput, dy.data, W.data, dx.data, d);
      run(l.linearBackwardWeight, dy.data, x.data, dW.data, d);
      run(l.linearBackwardBias, dy.data, db.data, d);
      return { dx, dW, db };
    },
  }),
};

const average: Student = {
  name: "avgPool2d",
  loops: { avgPool2dForward: core.avgPool2dForward, avgPool2dBackwardInput: core.avgPool2dBackwardInput },
  tensorOf: { avgPool2dForward: "y", avgPool2dBackwardInput: "dx" },
  make: (l, real) => ({
    AvgPool2D: class {
      readonly #options: { kernel: number; stride: number; pad: number };

      #x: Raw = { shape: [], data: new real(0) };
      constructor(options: { kernel: number; stride: number; pad: number }) {
        this.#options = options;
      }
      forward(x: Raw) {
        this.#x = x;
        const d = windowDims(x, this.#options.kernel, this.#options.stride, this.#options.pad);
        const y = zeros([d.N, d.C, d.OH, d.OW], real);
        run(l.avgPool2dForward, x.data, y.data, d);
        return y;
      }
      backward(dy: Raw) {
        const dx = zeros(this.#x.shape, real);
        run(
          l.avgPool2dBackwardInput,
          dy.data,
          dx.data,
          windowDims(this.#x, this.#options.kernel, this.#options.stride, this.#options.pad),
        );
        return dx;
      }
    },
  }),
};

const maximum: Student = {
  name: "maxPool2d",
  loops: { maxPool2dForward: core.maxPool2dForward, maxPool2dBackwardInput: core.maxPool2dBackwardInput },
  // forward keeps the winners that dx is made of
  tensorOf: { maxPool2dForward: "y|dx", maxPool2dBackwardInput: "dx" },
  make: (l, real) => ({
    MaxPool2D: class {
      readonly #options: { kernel: number; stride: number; pad: number };

      #x: Raw = { shape: [], data: new real(0) };
      #winners = new Int32Array(0);
      constructor(options: { kernel: number; stride: number; pad: number }) {
        this.#options = options;
      }
      forward(x: Raw) {
        this.#x = x;
        const d = windowDims(x, this.#options.kernel, this.#options.stride, this.#options.pad);
        const y = zeros([d.N, d.C, d.OH, d.OW], real);
        this.#winners = new Int32Array(y.data.length);
        run(l.maxPool2dForward, x.data, y.data, this.#winners, d);
        return y;
      }
      backward(dy: Raw) {
        const dx = zeros(this.#x.shape, real);
        run(l.maxPool2dBackwardInput, dy.data, this.#winners, dx.data);
        return dx;
      }
    },
  }),
};

const batchNorm: Student = {
  name: "batchNorm2d",
  loops: {
    batchMean: core.batchMean,
    batchVariance: core.batchVariance,
    batchNormForward: core.batchNormForward,
    batchNormBackwardInput: core.batchNormBackwardInput,
    batchNormBackwardWeight: core.batchNormBackwardWeight,
    batchNormBackwardBias: core.batchNormBackwardBias,
  },
  tensorOf: {
    batchMean: "y",
    batchVariance: "y",
    batchNormForward: "y",
    batchNormBackwardInput: "dx",
    batchNormBackwardWeight: "dgamma",
    batchNormBackwardBias: "dbeta",
  },
  make: (l, real) => ({
    BatchNorm2D: class {
      readonly #options: { features: number; eps: number };

      gamma: Raw;
      beta: Raw;
      #saved: { xHat: FloatArray; inverse: FloatArray; shape: readonly number[] } = {
        xHat: new real(0),
        inverse: new real(0),
        shape: [0],
      };
      constructor(options: { features: number; eps: number }) {
        this.#options = options;

        this.gamma = zeros([options.features], real);
        this.beta = zeros([options.features], real);
      }
      #dims([N, C, H, W]: readonly number[]) {
        return { N, C, S: H * W };
      }
      forward(x: Raw) {
        const d = this.#dims(x.shape);
        const mean = run(l.batchMean, x.data, d);
        const variance = run(l.batchVariance, x.data, mean, d) as Float64Array;
        const inverse = new real(d.C).map((_, c) => 1 / Math.sqrt(variance[c] + this.#options.eps));
        const [xHat, y] = [zeros(x.shape, real), zeros(x.shape, real)];
        run(l.batchNormForward, x.data, mean, inverse, this.gamma.data, this.beta.data, xHat.data, y.data, d);
        this.#saved = { xHat: xHat.data, inverse, shape: x.shape };
        return y;
      }
      backward(dy: Raw) {
        const { xHat, inverse, shape } = this.#saved;
        const d = this.#dims(shape);
        const [dx, dgamma, dbeta] = [zeros(shape, real), zeros([d.C], real), zeros([d.C], real)];
        run(l.batchNormBackwardInput, dy.data, xHat, inverse, this.gamma.data, dx.data, d, true);
        run(l.batchNormBackwardWeight, dy.data, xHat, dgamma.data, d);
        run(l.batchNormBackwardBias, dy.data, dbeta.data, d);
        return { dx, dgamma, dbeta };
      }
    },
  }),
};

function activation(
  name: string,
  className: string,
  forward: Loop,
  backward: Loop,
  slope: boolean,
  helpers = {},
): Student {
  return {
    name,
    loops: { forward, backward },
    tensorOf: { forward: "y", backward: "dx" },
    helpers,
    make: (l, real) => ({
      [className]: class {
        #x: Raw = { shape: [], data: new real(0) };
        #y: Raw = this.#x;
        readonly #slope: number;
        constructor(options: { slope?: number } = {}) {
          this.#slope = options.slope ?? 0.01;
        }
        forward(x: Raw) {
          this.#x = x;
          this.#y = zeros(x.shape, real);
          run(l.forward, x.data, this.#y.data, ...(slope ? [this.#slope] : []));
          return this.#y;
        }
        backward(dy: Raw) {
          const dx = zeros(this.#x.shape, real);
          if (slope) run(l.backward, dy.data, this.#x.data, dx.data, this.#slope);
          else run(l.backward, dy.data, this.#x.data, this.#y.data, dx.data);
          return dx;
        }
      },
    }),
  };
}

const crossEntropy: Student = {
  name: "softmaxCrossEntropy",
  loops: { softmaxCrossEntropySum, softmaxCrossEntropyGradient },
  tensorOf: { softmaxCrossEntropySum: "loss", softmaxCrossEntropyGradient: "dlogits" },
  helpers: { exp, log, softmaxRows, rowMax },
  make: (l, real) => ({
    softmaxCrossEntropy(logits: Raw, labels: readonly number[]) {
      const dlogits = zeros(logits.shape, real);
      const loss = run(l.softmaxCrossEntropySum, logits.data, labels, logits.shape[1]) as number;
      run(l.softmaxCrossEntropyGradient, logits.data, labels, dlogits.data, logits.shape[1], logits.shape[0]);
      return { loss: loss / logits.shape[0], dlogits };
    },
  }),
};

function rowMax(z: ArrayLike<number>, n: number, K: number): number {
  let max = z[n * K];
  for (let k = 1; k < K; k++) if (z[n * K + k] > max) max = z[n * K + k];
  return max;
}

export const students: readonly Student[] = [
  convolution,
  dense,
  average,
  maximum,
  batchNorm,
  activation("relu", "ReLU", core.reluForward, core.reluBackwardInput, false),
  activation("leakyRelu", "LeakyReLU", core.leakyReluForward, core.leakyReluBackwardInput, true),
  activation("sigmoid", "Sigmoid", core.sigmoidForward, core.sigmoidBackwardInput, false, {
    portableSigmoid: sigmoid,
  }),
  activation("tanh", "Tanh", core.tanhForward, core.tanhBackwardInput, false, {
    portableTanh: tanh,
  }),
  crossEntropy,
];
