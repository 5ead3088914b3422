import { dataError, type Given, numberFrom, options } from "@gradbook/base";
import { log } from "../tensor/portable.js";
import { Tensor } from "../tensor/tensor.js";
import { assertLabels, assertTarget, type BuiltinLoss, markLoss } from "./loss.js";
import { type LossConfig, logSumExp, lossOptions, softmaxRows } from "./softmax-cross-entropy.js";

const hingeOptions = {
  /**
   * How the losses of a batch become one number.
   * @default "mean"
   */
  reduction: lossOptions.reduction,
  /**
   * Δ: by how much the right class has to be ahead.
   * @default 1
   */
  margin: numberFrom(0).or(1),
};
/**
 * Options of `hinge`.
 * @interface
 */
export type HingeConfig = Given<typeof hingeOptions>;

/**
 * Multi-class support vector machine: Σ_{k ≠ label} max(0, y[k] − y[label] + Δ) of scores [N, K], mean over the batch (Weston
 * and Watkins 1999, as in CS231n; PyTorch's MultiMarginLoss divides by K besides).
 * @throws GradbookError when an option is out of its range; its functions, when outputs and labels do not fit
 *
 * @example
 * ```ts
 * import { hinge, Tensor } from "gradbook";
 *
 * console.log(hinge().sum(Tensor.from([[3, 2.5, -1]]), [0])); // 0.5
 * ```
 */
export function hinge(config: HingeConfig = {}): BuiltinLoss {
  const { reduction, margin } = options("hinge", hingeOptions, config);
  const visit = (
    output: Tensor,
    labels: ArrayLike<number>,
    each: (i: number, label: number, v: number) => void,
  ) => {
    const [N, K] = output.shape;
    for (let n = 0; n < N; n++)
      for (let k = 0; k < K; k++) {
        const behind = output.data[n * K + k] - output.data[n * K + labels[n]] + margin;
        if (k !== labels[n] && behind > 0) each(n * K + k, n * K + labels[n], behind);
      }
  };
  return markLoss({
    spec: { kind: "hinge", reduction, margin },
    sum(output, labels) {
      assertLabels("hinge", output, labels);
      let sum = 0;
      visit(output, labels, (_i, _label, behind) => {
        sum += behind;
      });
      return sum;
    },
    gradient(output, labels) {
      assertLabels("hinge", output, labels);
      const gradient = Tensor.zeros(output.shape, output.dtype);
      const each = 1 / (reduction === "mean" ? output.shape[0] : 1);
      visit(output, labels, (i, label) => {
        gradient.data[i] += each;
        gradient.data[label] -= each;
      });
      return gradient;
    },
  });
}

/**
 * Negative log-likelihood −y[label] of outputs [N, K] that are log-probabilities already, mean over the batch (PyTorch's
 * NLLLoss). After a linear layer take `softmaxCrossEntropy`, which has the logarithm of softmax in it.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and labels do not fit
 *
 * @example
 * ```ts
 * import { nll, Tensor } from "gradbook";
 *
 * console.log(nll().sum(Tensor.from([[-0.5, -2]]), [1])); // 2
 * ```
 */
export function nll(config: LossConfig = {}): BuiltinLoss {
  const { reduction } = options("nll", lossOptions, config);
  return markLoss({
    spec: { kind: "nll", reduction },
    sum(output, labels) {
      assertLabels("nll", output, labels);
      const [N, K] = output.shape;
      let sum = 0;
      for (let n = 0; n < N; n++) sum -= output.data[n * K + labels[n]];
      return sum;
    },
    gradient(output, labels) {
      assertLabels("nll", output, labels);
      const [N, K] = output.shape;
      const gradient = Tensor.zeros(output.shape, output.dtype);
      for (let n = 0; n < N; n++) gradient.data[n * K + labels[n]] = -1 / (reduction === "mean" ? N : 1);
      return gradient;
    },
  });
}

/**
 * Kullback–Leibler divergence Σ_k t[k]·(log t[k] − log softmax(y)[k]) of logits [N, K] from the probabilities t of a set with
 * targets, in nats; mean over the batch (PyTorch's KLDivLoss on log_softmax, with "batchmean"). For learning from another
 * model's answers. 0·log 0 is 0.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and targets do not fit
 *
 * @example
 * ```ts
 * import { klDivergenceLoss, Tensor } from "gradbook";
 *
 * const loss = klDivergenceLoss();
 * console.log(loss.sum(Tensor.from([[0, 0]]), [0.5, 0.5])); // 0
 * console.log(loss.gradient(Tensor.from([[0, 0]]), [1, 0]).toNested()); // [ [ -0.5, 0.5 ] ]
 * ```
 */
export function klDivergenceLoss(config: LossConfig = {}): BuiltinLoss {
  const { reduction } = options("klDivergenceLoss", lossOptions, config);
  return markLoss({
    spec: { kind: "klDivergenceLoss", reduction },
    sum(output, target) {
      const K = assertProbabilities(output, target);
      let sum = 0;
      for (let n = 0; n < output.shape[0]; n++) {
        const all = logSumExp(output.data, n, K);
        for (let i = n * K; i < n * K + K; i++)
          if (target[i] > 0) sum += target[i] * (log(target[i]) - (output.data[i] - all));
      }
      return sum;
    },
    gradient(output, target) {
      const K = assertProbabilities(output, target);
      const gradient = Tensor.zeros(output.shape, output.dtype);
      softmaxRows(output.data, gradient.data, K);
      const divisor = reduction === "mean" ? output.shape[0] : 1;
      for (let i = 0; i < output.size; i++) gradient.data[i] = (gradient.data[i] - target[i]) / divisor;
      return gradient;
    },
  });
}

/** @throws GradbookError when targets are no probabilities of each sample's classes */
function assertProbabilities(output: Tensor, target: ArrayLike<number>): number {
  const K = output.size / output.shape[0];
  const kind = assertTarget("klDivergenceLoss", output, target);
  for (let n = 0; n < output.shape[0]; n++) {
    let sum = kind === "numbers" ? 0 : Number.NaN;
    let least = 0;
    for (let k = 0; k < K; k++) {
      sum += target[n * K + k];
      least = Math.min(least, target[n * K + k]);
    }
    if (Math.abs(sum - 1) < 1e-3 && least >= 0) continue;
    throw dataError(
      "klDivergenceLoss",
      kind === "classes"
        ? "class numbers"
        : `targets of sample ${n} with the sum ${Number(sum.toPrecision(4))}`,
      "probabilities of the classes, with the sum 1",
      kind === "classes" ? "softmaxCrossEntropy() compares with classes." : undefined,
    );
  }
  return K;
}
