import type { LossSpec } from "../engine/spec.js";
import { GradbookError } from "../errors/error.js";
import { formatShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** Compares a model's output [N, K] with the labels [N] (class numbers 0 … K − 1). */
export interface Loss {
  readonly spec: LossSpec;
  /** Sum of the samples' losses, not divided by anything: sets of any size add up exactly. */
  sum(output: Tensor, labels: ArrayLike<number>): number;
  /** d loss / d output, [N, K], of the reduced loss. */
  gradient(output: Tensor, labels: ArrayLike<number>): Tensor;
}

/** @throws GradbookError when the output is not [N, K], the counts differ, or a label is out of range */
export function assertLabels(what: string, output: Tensor, labels: ArrayLike<number>): void {
  const [N, K] = output.shape;
  if (output.shape.length !== 2) {
    throw new GradbookError({
      code: "shape",
      what,
      got: `the model's output has the shape ${formatShape(output.shape)}`,
      expected: "[N, classes]",
      cure: "A flatten() and a linear() at the end make class scores of images.",
    });
  }
  if (labels.length !== N) {
    throw new GradbookError({
      code: "shape",
      what,
      got: `${labels.length} labels for ${N} samples`,
      expected: `${N}`,
    });
  }
  for (let n = 0; n < N; n++) {
    if (Number.isInteger(labels[n]) && labels[n] >= 0 && labels[n] < K) continue;
    throw new GradbookError({
      code: "data",
      what,
      got: `label ${labels[n]} of sample ${n}`,
      expected: `a class from 0 to ${K - 1} (the model has ${K} outputs)`,
    });
  }
}
