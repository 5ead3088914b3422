import type { Dataset } from "../datasets/dataset.js";
import { builtinLossSpec, type Loss, type Target } from "../losses/loss.js";
import type { FloatArray } from "../tensor/tensor.js";

/**
 * What `error` counts. `"error rate"`: the share of wrong answers, of classes or of yes-or-no decisions. `"RMSE"`: the root of
 * the mean squared difference between outputs and targets, in the targets' own unit.
 */
export type Measure = "error rate" | "RMSE";

/** How an error is measured: by what the set holds, and what the loss makes of the outputs. */
export function measureOf(loss: Loss, set: Dataset): Measure {
  const kind = builtinLossSpec(loss)?.kind;
  return set.targets === undefined || (kind !== undefined && deciding.has(kind)) ? "error rate" : "RMSE";
}

/** Losses under which outputs that are compared with numbers decide something. */
const deciding: ReadonlySet<string> = new Set([
  "binaryCrossEntropy",
  "softmaxCrossEntropy",
  "klDivergenceLoss",
]);

/** Adds up the error of a set, a batch at a time. */
export class ErrorSum {
  private readonly add: (output: FloatArray, target: Target) => void;
  private sum = 0;
  private count = 0;
  private readonly isRoot: boolean;

  /** @param outputs of a sample */
  constructor(loss: Loss, set: Dataset, outputs: number) {
    this.isRoot = measureOf(loss, set) === "RMSE";
    if (set.targets === undefined) this.add = (y, labels) => this.addClasses(y, labels, outputs);
    else if (this.isRoot) this.add = (y, target) => this.addSquares(y, target);
    else if (builtinLossSpec(loss)?.kind === "binaryCrossEntropy")
      this.add = (z, target) => this.addDecisions(z, target);
    else this.add = (y, target) => this.addLargest(y, target, outputs);
  }

  batch(output: FloatArray, target: Target): void {
    this.add(output, target);
  }

  get value(): number {
    const mean = this.sum / this.count;
    return this.isRoot ? Math.sqrt(mean) : mean;
  }

  private addClasses(y: FloatArray, labels: Target, K: number): void {
    this.count += labels.length;
    for (let n = 0; n < labels.length; n++) if (argmax(y, n, K) !== labels[n]) this.sum++;
  }

  private addLargest(y: FloatArray, target: Target, K: number): void {
    const N = y.length / K;
    this.count += N;
    for (let n = 0; n < N; n++) if (argmax(y, n, K) !== argmax(target, n, K)) this.sum++;
  }

  /** A logit above 0 says yes. */
  private addDecisions(z: FloatArray, target: Target): void {
    this.count += z.length;
    for (let i = 0; i < z.length; i++) if (z[i] > 0 !== target[i] > 0.5) this.sum++;
  }

  private addSquares(y: FloatArray, target: Target): void {
    this.count += y.length;
    for (let i = 0; i < y.length; i++) this.sum += (y[i] - target[i]) * (y[i] - target[i]);
  }
}

/** Position of the largest of K values in row n; the first among equals. */
export function argmax(values: ArrayLike<number>, n: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[n * K + k] > values[n * K + best]) best = k;
  return best;
}
