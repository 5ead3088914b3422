import { configError, count, dataError, flag, type Given, option, options, seed } from "@gradbook/base";
import { Rng } from "../tensor/rng.js";
import type { Dataset } from "./dataset.js";
import { assertDataset, nameOf } from "./samples.js";

/** A share of the samples, in (0, 1), or a number of them, from 1 on. */
const part = () =>
  option<number>(
    "a share in (0, 1) or a whole number of samples",
    (v) => (typeof v === "number" && v > 0 && (v < 1 || Number.isInteger(v)) ? v : undefined),
    (v) => (typeof v === "number" && v > 1 && v <= 100 ? `${v} % is ${v / 100}.` : undefined),
  );

const splitOptions = {
  /** Samples for validation: a share in (0, 1), or their number. */
  validation: part(),
  /**
   * Samples for a test set, likewise.
   * @default none
   */
  test: part().optional(),
  /**
   * Seed of the choice.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * Whether each part has the classes in the proportions of the whole. A set with numbers as targets has no classes.
   * @default true for a set of classes
   */
  stratified: flag().optional(),
};
/**
 * Options of `split`.
 * @interface
 */
export type SplitConfig = Given<typeof splitOptions>;

/** The parts of a set: no sample is in two of them, and none is left out. */
export interface Split {
  /** What is trained on. */
  readonly train: Dataset;
  /** What decides about epochs and settings. */
  readonly validation: Dataset;
  /** What is measured once, at the end; undefined where none was asked for. */
  readonly test: Dataset | undefined;
}

/**
 * Splits a set into training, validation and, if asked for, test samples, at random.
 * @throws GradbookError when the parts take all samples, or more
 *
 * @example
 * ```ts
 * import { arrayDataset, split } from "gradbook";
 *
 * const set = arrayDataset(new Float32Array(200), Array.from({ length: 100 }, (_, i) => i % 2), [2]);
 * const { train, validation, test } = split(set, { validation: 0.2, test: 10, seed: 1 });
 * console.log(train.size, validation.size, test?.size); // 70 20 10
 * console.log(validation.labels.filter((label) => label === 0).length); // 10
 * ```
 */
export function split(set: Dataset, config: SplitConfig): Split {
  assertDataset("split", set);
  const { validation, test, seed, stratified } = options("split", splitOptions, config);
  const sizeOfPart = (share: number) => (share < 1 ? Math.round(share * set.size) : share);
  const sizes = [validation, test ?? 0].map(sizeOfPart);
  const left = set.size - sizes[0] - sizes[1];
  if (left < 1 || sizes[0] < 1 || (test !== undefined && sizes[1] < 1)) {
    throw configError(
      `split(${nameOf(set)})`,
      `${left} of ${set.size} samples to train on, ${sizes[0]} for validation${test === undefined ? "" : `, ${sizes[1]} for the test`}`,
      "at least one in each part",
    );
  }
  const dealt = deal(set, new Rng(seed).fork("split"), stratifiedOr(set, stratified, "split"));
  // an even share of every class: the k-th of n samples goes to a part where its share of k grows by one
  const cuts = dealt.map((_, i) => partAt(i, set.size, sizes));
  const named = (part: number, name: string) =>
    set.subset(
      dealt.filter((_, i) => cuts[i] === part).sort((a, b) => a - b),
      `${nameOf(set)}, ${name} part`,
    );
  return {
    train: named(2, "training"),
    validation: named(0, "validation"),
    test: test === undefined ? undefined : named(1, "test"),
  };
}

/** The part of position i of n, when parts of these sizes are spread evenly: 0, 1, or 2 for the rest. */
function partAt(i: number, n: number, [first, second]: readonly number[]): number {
  const before = (size: number, position: number) => Math.floor((position * size) / n);
  if (before(first, i + 1) > before(first, i)) return 0;
  // the second part is spread over what the first leaves
  const [rest, place] = [n - first, i - before(first, i)];
  const upTo = (position: number) => Math.floor((position * second) / rest);
  return upTo(place + 1) > upTo(place) ? 1 : 2;
}

const kFoldOptions = {
  /** Parts: each is the validation part once. */
  folds: count(2),
  /**
   * Seed of the choice.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * Whether each part has the classes in the proportions of the whole.
   * @default true for a set of classes
   */
  stratified: flag().optional(),
};
/**
 * Options of `kFold`.
 * @interface
 */
export type KFoldConfig = Given<typeof kFoldOptions>;

/** One turn of a cross-validation. */
export interface Fold {
  /** All samples but those of this fold. */
  readonly train: Dataset;
  /** The samples of this fold. */
  readonly validation: Dataset;
}

/**
 * K-fold cross-validation: every sample is in the validation part of one fold, and in the training part of all others. The
 * folds' sizes differ by at most one.
 * @throws GradbookError when there are more folds than samples
 *
 * @example
 * ```ts
 * import { arrayDataset, kFold } from "gradbook";
 *
 * const set = arrayDataset(new Float32Array(20), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], [2]);
 * for (const { train, validation } of kFold(set, { folds: 5 })) {
 *   console.log(train.size, validation.labels.join()); // 8 0,1
 * }
 * ```
 */
export function kFold(set: Dataset, config: KFoldConfig): Fold[] {
  assertDataset("kFold", set);
  const { folds, seed, stratified } = options("kFold", kFoldOptions, config);
  if (folds > set.size)
    throw dataError(`kFold(${nameOf(set)})`, `${folds} folds of ${set.size} samples`, `at most ${set.size}`);
  const dealt = deal(set, new Rng(seed).fork("folds"), stratifiedOr(set, stratified, "kFold"));
  return Array.from({ length: folds }, (_, fold) => {
    const pick = (inside: boolean, name: string) =>
      set.subset(
        dealt.filter((_, i) => (i % folds === fold) === inside).sort((a, b) => a - b),
        `${nameOf(set)}, ${name} part of fold ${fold + 1} of ${folds}`,
      );
    return { train: pick(false, "training"), validation: pick(true, "validation") };
  });
}

/** All samples in a random order; stratified: one class behind the other, so that what is spread evenly is so in each. */
function deal(set: Dataset, rng: Rng, stratified: boolean): number[] {
  const order = Array.from({ length: set.size }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return stratified ? order.sort((a, b) => set.labels[a] - set.labels[b]) : order;
}

function stratifiedOr(set: Dataset, stratified: boolean | undefined, what: string): boolean {
  const hasClasses = set.targets === undefined;
  if (stratified === true && !hasClasses)
    throw configError(what, "stratified with a set of numbers", "a set of classes", "Leave stratified out.");
  return stratified ?? hasClasses;
}
