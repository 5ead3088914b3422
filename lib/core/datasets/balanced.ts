import {
  callback,
  count,
  dataError,
  type Given,
  inWords,
  option,
  options,
  readOption,
  text,
} from "@gradbook/base";
import type { Dataset, IntegerSource } from "./dataset.js";
import { assertClasses, assertDataset, nameOf } from "./samples.js";

const balancedSubsetOptions = {
  /** Samples of each class. */
  perClass: count(),
  /**
   * Chooses the samples; without it the first ones of each class are taken, in the order of the data set.
   * @default none
   */
  rng: option<IntegerSource>(
    "a source of whole numbers",
    (v) => (typeof Object(v).int === "function" ? (v as IntegerSource) : undefined),
    () => "new Rng(seed) is one.",
  ).optional(),
  /**
   * What a caption calls the subset.
   * @default "NAME, k per class"
   */
  name: text().optional(),
};
/**
 * Options of `balancedSubset`.
 * @interface
 */
export type BalancedSubsetConfig = Given<typeof balancedSubsetOptions>;

/**
 * The same number of samples of each class, by a reproducible recipe.
 *
 * The classes take turns: sample `i · classes + c` of the subset is the i-th chosen one of class c. So the first
 * ten of MNIST's subset are the digits 0 … 9, a batch that is not shuffled yet holds all classes alike, and
 * (without `rng`) a smaller subset is the beginning of a larger one.
 *
 * @throws GradbookError when a class has too few samples
 *
 * @example
 * ```ts
 * import { balancedSubset, loadMnist } from "gradbook";
 *
 * const { train } = loadMnist({ heldOut: true });
 * const few = balancedSubset(train, { perClass: 2 });
 * console.log(Array.from(few.labels).join()); // 0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9
 * ```
 */
export function balancedSubset<D extends Dataset>(
  dataset: D,
  config: BalancedSubsetConfig,
): ReturnType<D["subset"]> {
  assertDataset("balancedSubset", dataset);
  assertClasses("balancedSubset", dataset, "set.subset(indices) takes any samples.");
  const given = options("balancedSubset", balancedSubsetOptions, config);
  const { perClass, rng, name = `${nameOf(dataset)}, ${perClass} per class` } = given;
  const members: number[][] = Array.from({ length: dataset.classes }, () => []);
  for (let i = 0; i < dataset.size; i++) members[dataset.labels[i]].push(i);
  const indices = new Uint32Array(perClass * dataset.classes);
  members.forEach((all, c) => {
    if (all.length < perClass) {
      throw dataError(
        `balancedSubset(${nameOf(dataset)})`,
        `${all.length} samples of class ${c} (${dataset.classNames?.[c] ?? c})`,
        `at least ${perClass}`,
        cureForFew(members),
      );
    }
    if (rng !== undefined) moveRandomToFront(all, perClass, rng);
    for (let i = 0; i < perClass; i++) indices[i * dataset.classes + c] = all[i];
  });
  readOption(`balancedSubset(${nameOf(dataset)})`, "its subset", callback(), dataset.subset);
  const subset = dataset.subset(indices, name) as ReturnType<D["subset"]>;
  if (Object(subset) === subset && subset.size === indices.length) return subset;
  throw dataError(
    `balancedSubset(${nameOf(dataset)})`,
    `subset returned ${subset?.size === undefined ? inWords(subset) : `a set of ${inWords(subset.size)} samples`}`,
    `a set of the ${indices.length} samples that it is given`,
  );
}

function cureForFew(members: readonly (readonly number[])[]): string {
  const least = Math.min(...members.map((m) => m.length));
  if (least > 0) return `The smallest class allows perClass: ${least}.`;
  const isFirst = members[0].length === 0 && members.slice(1).every((m) => m.length > 0);
  return isFirst
    ? "Labels begin at 0, and no sample has class 0: subtract 1 from each."
    : "Number the labels so that each class has samples: without gaps, from 0.";
}

/** The first k steps of a Fisher–Yates shuffle: each choice of k is equally likely. */
function moveRandomToFront(items: number[], k: number, rng: IntegerSource): void {
  for (let i = 0; i < k; i++) {
    const j = i + rng.int(items.length - i);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
