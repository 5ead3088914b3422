import { configError } from "@gradbook/base";
import { originOf } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { sizeOf } from "../tensor/shape.js";

/** How an epoch is cut into batches. */
export interface Batches {
  /** Samples of a step. */
  readonly batch: number;
  readonly dropLast: boolean;
  /** Samples that an epoch trains on: all, or those of whole batches. */
  readonly used: number;
  /** Steps of an epoch. */
  readonly steps: number;
}

/** @throws GradbookError when no batch is whole */
export function cutIntoBatches(size: number, batch: number, dropLast: boolean): Batches {
  const used = dropLast ? size - (size % batch) : size;
  if (used > 0) return { batch, dropLast, used, steps: Math.ceil(used / batch) };
  throw configError(
    "fit",
    `dropLast with batch ${batch} and ${size} samples`,
    "at least one whole batch",
    `batch: ${size} takes them all.`,
  );
}

/**
 * Batch norm cannot train on a single value per feature: that is known before the first step.
 * @param limit steps of the whole run
 * @throws GradbookError with a batch size that goes up
 */
export function assertBatchNorm(model: Sequential, size: number, cut: Batches, limit: number): void {
  const name = loneBatchNorm(model);
  if (name === undefined) return;
  const last = cut.used - (cut.steps - 1) * cut.batch;
  if (last > 1 || limit < cut.steps) {
    if (cut.batch > 1) return;
  }
  const other = [...Array(size).keys()].flatMap((d) => [cut.batch + d, cut.batch - d]);
  const batch = other.find((b) => b > 1 && b <= size && size % b !== 1);
  const cures = [
    ...(cut.batch > 1 && size > cut.batch ? ["dropLast: true leaves it out"] : []),
    ...(batch === undefined ? [] : [`batch: ${batch} leaves none`]),
  ];
  throw configError(
    `fit, ${name}`,
    `${size} samples in batches of ${cut.batch} make a batch of one sample, with one value per feature`,
    "at least 2: the variance of a single value is 0",
    cures.length === 0 ? "Train on at least 2 samples." : `${cures.join("; ")}.`,
  );
}

/** The name of the batch norm that sees one value per feature in a batch of one sample. */
export function loneBatchNorm({ layers }: Sequential): string | undefined {
  for (const { name, layer, input } of layers) {
    const kind = originOf(layer)?.kind;
    const isNorm = kind === "batchNorm1d" || kind === "batchNorm2d";
    if (isNorm && layer.trainable !== false && sizeOf(input.slice(1)) === 1) return name;
  }
  return undefined;
}
