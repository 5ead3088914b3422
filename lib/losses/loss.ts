import type { LossSpec, Reduction } from "../engine/spec.js";
import { Brand } from "../errors/brand.js";
import { dataError, inWords, shapeError } from "../errors/error.js";
import { assertList } from "../errors/members.js";
import { formatShape } from "../tensor/shape.js";
import { assertTensor, type Tensor } from "../tensor/tensor.js";

/**
 * Compares a model's output [N, K] with the labels [N] (class numbers 0 … K − 1). One of your own is an object with two
 * functions; it runs as it is written, on the calling thread:
 *
 *     const absolute: Loss = {
 *       spec: { kind: "absolute" },
 *       sum: (output, labels) => Σ |y − t|,
 *       gradient: (output, labels) => sign(y − t) / N,   // of the mean over the batch
 *     };
 */
export interface Loss {
  /** Its name in errors and records, and how `gradient` reduces; default: "loss", "mean". */
  readonly spec?: { readonly kind: string; readonly reduction?: Reduction };
  /** Sum of the samples' losses, not divided by anything: sets of any size add up exactly. */
  sum(output: Tensor, labels: ArrayLike<number>): number;
  /** d loss / d output, [N, K], of the reduced loss. Neither output nor labels are changed. */
  gradient(output: Tensor, labels: ArrayLike<number>): Tensor;
}

/** A loss that the library brings: it describes itself to the engine. */
export interface BuiltinLoss extends Loss {
  readonly spec: LossSpec;
}

const brand = new Brand<LossSpec>();

/** Last step in making a built-in loss: from here on its spec may stand for it. */
export function markLoss(loss: BuiltinLoss): BuiltinLoss {
  brand.mark(loss, loss.spec);
  return loss;
}

/** What the engine may compute a loss by: undefined for one that is not the library's own, or was changed. */
export function builtinLossSpec(loss: Loss): LossSpec | undefined {
  return brand.specOf(loss);
}

/** What a loss is called in errors and records. */
export function lossName({ spec }: Loss): string {
  return spec?.kind ?? "loss";
}

/** Whether the loss of a batch is the mean of its samples' losses, or their sum. */
export function reductionOf({ spec }: Loss): Reduction {
  return spec?.reduction ?? "mean";
}

/** @throws GradbookError when the output is not [N, K], the counts differ, or a label is out of range */
export function assertLabels(what: string, output: Tensor, labels: ArrayLike<number>): void {
  assertTensor(what, "the model's output", output);
  assertList(what, "labels", labels, "a class for each sample");
  const [N, K] = output.shape;
  if (output.shape.length !== 2) {
    throw shapeError(
      what,
      `the model's output has the shape ${formatShape(output.shape)}`,
      "[N, classes]",
      "A flatten() and a linear() at the end make class scores of images.",
    );
  }
  if (labels.length !== N) {
    throw shapeError(what, `${labels.length} labels for ${N} samples`, `${N}`);
  }
  for (let n = 0; n < N; n++) {
    if (Number.isInteger(labels[n]) && labels[n] >= 0 && labels[n] < K) continue;
    throw dataError(
      what,
      `label ${inWords(labels[n])} of sample ${n}`,
      `a class from 0 to ${K - 1} (the model has ${K} outputs)`,
    );
  }
}
