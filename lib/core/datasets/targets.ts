import { createHash } from "node:crypto";
import { dataError, type Given, inWords, list, option, options, shapeError, text } from "@gradbook/base";
import type { FloatArray } from "../tensor/tensor.js";
import { arrayDataset, refuseOtherArrays } from "./array-dataset.js";
import type { Dataset, Labels, Targets } from "./dataset.js";
import { assertRoom, littleEndianFloats, pickIndices, sampleCount } from "./dataset-parts.js";
import { assertDataset, isCacheable, isOwnSet, markOwnSet } from "./samples.js";

const size = option<number>("a whole number above 0", (v) =>
  typeof v === "number" && Number.isInteger(v) && v > 0 ? v : undefined,
);

const targetDatasetOptions = {
  /**
   * Shape of one sample's target: the model's output.
   * @default [targets of a sample]
   */
  targetShape: list(size, "the sizes of one target, e.g. [1]").optional(),
  /**
   * What a caption calls the set.
   * @default "own data"
   */
  name: text().or("own data"),
  /**
   * Where the numbers come from.
   * @default "an array"
   */
  source: text().or("an array"),
};
/**
 * Options of `targetDataset`, besides the numbers.
 * @interface
 */
export type TargetDatasetOptions = Given<typeof targetDatasetOptions>;

/**
 * A data set whose samples have numbers in place of a class: regression (one number or several), several yes-or-no answers
 * (0 or 1 each), probabilities of classes. `fit` with `mse`, `mae`, `huber` or `binaryCrossEntropy` takes it.
 *
 * @param x all samples one behind the other: [size · Π shape]; copied
 * @param targets their numbers, likewise: [size · Π targetShape]; copied
 * @param shape of one sample, e.g. [3]
 * @throws GradbookError when x or targets are neither a Float32Array nor a Float64Array, hold a number that is not finite,
 *   or the lengths don't fit together
 *
 * @example
 * ```ts
 * import { fit, lastEpoch, linear, mse, sequential, sgd, targetDataset } from "gradbook";
 *
 * // y = 2·x + 1 at four points
 * const train = targetDataset(Float32Array.of(0, 1, 2, 3), Float32Array.of(1, 3, 5, 7), [1]);
 * const model = sequential([linear({ in: 1, out: 1 })], { input: [1], seed: 1 });
 * const run = fit(model, { train, loss: mse(), optimizer: sgd({ lr: 0.1 }), batch: 4, epochs: 300 });
 * console.log(lastEpoch(run).measure, lastEpoch(run).trainError < 0.01); // RMSE true
 * ```
 */
export function targetDataset(
  x: Float32Array | Float64Array,
  targets: Float32Array | Float64Array,
  shape: readonly number[],
  config: TargetDatasetOptions = {},
): Dataset {
  const { name, source, targetShape } = options("targetDataset", targetDatasetOptions, config);
  refuseOtherArrays(name, x);
  refuseOtherArrays(`${name}, targets`, targets);
  const count = x.length / sampleCount(name, shape);
  const each = targetShape ?? [targets.length / count];
  const perSample = Number.isInteger(each[0]) ? sampleCount(`${name}, targets`, each) : Number.NaN;
  if (count === 0 || !Number.isInteger(count) || targets.length !== count * perSample) {
    throw shapeError(
      name,
      `${x.length} numbers and ${targets.length} targets`,
      `${shape.join("·")} numbers and ${targetShape === undefined ? "the same number of" : targetShape.join("·")} targets for each of at least one sample`,
    );
  }
  const bad = targets.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw dataError(
      name,
      `target ${inWords(targets[bad])} of sample ${Math.floor(bad / perSample)}`,
      "a finite number",
      "Leave such samples out, or put a number there.",
    );
  const samples = arrayDataset(x, new Uint8Array(count), shape, { name, source });
  return new TargetSamples(samples, new ArrayTargets(name, each, targets.slice()));
}

/**
 * The same samples, each with itself as its target: for an autoencoder, whose output has the shape of its input.
 * @param set any data set; its classes are left out
 * @throws GradbookError when it is no data set
 *
 * @example
 * ```ts
 * import { arrayDataset, reconstruction } from "gradbook";
 *
 * const set = reconstruction(arrayDataset(Float32Array.of(0.1, 0.2, 0.3, 0.4), [0, 1], [2]));
 * console.log(set.targets?.shape, set.classes); // [ 2 ] 0
 * ```
 */
export function reconstruction(set: Dataset): Dataset {
  assertDataset("reconstruction", set);
  return new TargetSamples(set, undefined);
}

/** Targets whose numbers lie one behind the other. */
class ArrayTargets implements Targets {
  readonly name: string;
  readonly shape: readonly number[];
  private readonly values: FloatArray;

  private readonly count: number;

  constructor(name: string, shape: readonly number[], values: FloatArray) {
    this.name = name;
    this.shape = shape;
    this.values = values;

    this.count = sampleCount(name, shape);
  }

  read(index: number, out: FloatArray, offset: number): void {
    assertRoom(`${this.name}, targets`, out, offset, this.shape, this.count);
    const start = index * this.count;
    for (let k = 0; k < this.count; k++) out[offset + k] = this.values[start + k];
  }

  subset(picked: Uint32Array): ArrayTargets {
    const { count, values } = this;
    const some = new (values instanceof Float32Array ? Float32Array : Float64Array)(picked.length * count);
    for (const [k, i] of picked.entries()) some.set(values.subarray(i * count, (i + 1) * count), k * count);
    return new ArrayTargets(this.name, this.shape, some);
  }

  get bytes(): Uint8Array {
    return littleEndianFloats(this.values);
  }
}

/** The samples of another set with targets: numbers of their own, or the samples themselves. */
class TargetSamples implements Dataset {
  private readonly samples: Dataset;
  private readonly own: ArrayTargets | undefined;

  readonly targets: Targets;
  readonly name: string;
  readonly source: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly classes = 0;
  readonly classNames: readonly string[] = [];
  readonly labels: Labels = new Uint8Array(0);
  readonly cacheable: boolean;

  constructor(samples: Dataset, own: ArrayTargets | undefined) {
    this.samples = samples;
    this.own = own;

    this.targets = own ?? samples;
    this.name = samples.name;
    this.source = samples.source;
    this.size = samples.size;
    this.shape = samples.shape;
    this.cacheable = isCacheable(samples);
    // what is read of a set of somebody's own is looked at here too
    if (isOwnSet(samples))
      markOwnSet(this, TargetSamples.prototype, ["samples", "own", "targets", "size", "shape"]);
  }

  get digest(): string {
    const hash = createHash("sha256").update(`targets of ${this.samples.digest}\n`);
    return hash.update(this.own?.bytes ?? "its own samples").digest("hex");
  }

  read(index: number, out: FloatArray, offset: number): void {
    this.samples.read(index, out, offset);
  }

  subset(indices: ArrayLike<number>, name?: string): Dataset {
    const picked = pickIndices(this.name, this.size, indices);
    return new TargetSamples(this.samples.subset(picked, name), this.own?.subset(picked));
  }

  /** `own data: 20 samples 3, targets 1` */
  toString(): string {
    return `${this.name}: ${this.size} samples ${this.shape.join("×")}, targets ${this.targets.shape.join("×")}`;
  }
}
