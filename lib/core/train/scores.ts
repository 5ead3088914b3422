import { assertList, dataError, inWords, shapeError } from "@gradbook/base";
import type { Tensor } from "../tensor/tensor.js";

type Numbers = ArrayLike<number> | Tensor;

/**
 * R², the share of the targets' variance that the outputs explain: 1 − Σ(t − y)² / Σ(t − mean t)². 1 is perfect, 0 no better
 * than the mean, and it may be below 0. Of several outputs the mean of each one's (scikit-learn's r2_score).
 * @param outputs of a model, [N, K] as a tensor, or [N] numbers
 * @param targets in the same shape
 * @throws GradbookError when the lengths differ, or a target never changes
 *
 * @example
 * ```ts
 * import { rSquared } from "gradbook";
 *
 * console.log(rSquared([1, 2, 3, 5], [1, 2, 3, 4])); // 0.8
 * ```
 */
export function rSquared(outputs: Numbers, targets: Numbers): number {
  const [y, t] = both("rSquared", outputs, targets);
  const K = "shape" in outputs ? outputs.size / Math.max(1, outputs.shape[0]) : 1;
  const N = y.length / K;
  let sum = 0;
  for (let k = 0; k < K; k++) {
    let mean = 0;
    for (let n = 0; n < N; n++) mean += t[n * K + k] / N;
    let left = 0;
    let all = 0;
    for (let n = 0; n < N; n++) {
      left += square(t[n * K + k] - y[n * K + k]);
      all += square(t[n * K + k] - mean);
    }
    if (all === 0)
      throw dataError(
        "rSquared",
        `targets ${K > 1 ? `${k} ` : ""}that are all ${inWords(t[k])}`,
        "targets that differ",
      );
    sum += 1 - left / all;
  }
  return sum / K;
}

/**
 * Root of the mean squared difference between outputs and targets, in the targets' unit.
 * @throws GradbookError when the lengths differ
 *
 * @example
 * ```ts
 * import { rmse } from "gradbook";
 *
 * console.log(rmse([1, 5], [1, 1]).toFixed(4)); // 2.8284
 * ```
 */
export function rmse(outputs: Numbers, targets: Numbers): number {
  const [y, t] = both("rmse", outputs, targets);
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += square(y[i] - t[i]);
  return Math.sqrt(sum / y.length);
}

/** Precision, recall and F1 of one class. */
export interface ClassScore {
  /** Of the samples that were called so, the share that are; NaN where none was. */
  readonly precision: number;
  /** Of the samples that are so, the share that were called so; NaN where none is. */
  readonly recall: number;
  /** 2·precision·recall / (precision + recall), 0 where nothing is right. */
  readonly f1: number;
}

/**
 * Precision, recall and F1 of each class, from counts[truth][called] as `confusionMatrix` gives them. Their mean over the
 * classes is macro-F1.
 * @throws GradbookError when the counts are not as many rows as columns
 *
 * @example
 * ```ts
 * import { classScores } from "gradbook";
 *
 * const [no, yes] = classScores([[5, 1], [2, 2]]);
 * console.log(yes.precision.toFixed(3), yes.recall, yes.f1.toFixed(3)); // 0.667 0.5 0.571
 * console.log(no.recall.toFixed(3)); // 0.833
 * ```
 */
export function classScores(counts: readonly (readonly number[])[]): ClassScore[] {
  assertList("classScores", "counts", counts, "a row of counts for each class");
  const K = counts.length;
  for (const [c, row] of counts.entries()) {
    assertList("classScores", `counts[${c}]`, row, "the counts of one class");
    if (row.length !== K) throw shapeError("classScores", `row ${c} has ${row.length} counts`, `${K}`);
    const bad = row.findIndex((n) => !(typeof n === "number" && n >= 0));
    if (bad >= 0) throw dataError("classScores", `counts[${c}][${bad}] is ${inWords(row[bad])}`, "a count");
  }
  return counts.map((row, c) => {
    const right = row[c];
    const is = row.reduce((a, b) => a + b, 0);
    const called = counts.reduce((sum, other) => sum + other[c], 0);
    return {
      precision: right / called,
      recall: right / is,
      f1: is + called === 0 ? Number.NaN : (2 * right) / (is + called),
    };
  });
}

/**
 * Area under the ROC curve: how often a sample of class 1 has a higher score than one of class 0; ties count half. 0.5 is
 * chance.
 * @param scores any numbers that grow with the certainty of class 1, [N]
 * @param labels 0 or 1, [N]
 * @throws GradbookError when the lengths differ, a label is neither, or a class is missing
 *
 * @example
 * ```ts
 * import { rocAuc } from "gradbook";
 *
 * console.log(rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])); // 0.75
 * ```
 */
export function rocAuc(scores: Numbers, labels: Numbers): number {
  const [s, l] = both("rocAuc", scores, labels);
  const order = Array.from(s, (_, i) => i).sort((a, b) => s[a] - s[b]);
  let ranks = 0;
  let ones = 0;
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && s[order[end]] === s[order[i]]) end++;
    const rank = (i + 1 + end) / 2; // the mean of their places, from 1
    for (; i < end; i++) {
      const label = l[order[i]];
      if (label !== 0 && label !== 1)
        throw dataError("rocAuc", `label ${inWords(label)} of sample ${order[i]}`, "0 or 1");
      if (label === 1) {
        ones++;
        ranks += rank;
      }
    }
  }
  const zeros = order.length - ones;
  if (ones === 0 || zeros === 0)
    throw dataError("rocAuc", `no sample of class ${ones === 0 ? 1 : 0}`, "both classes");
  return (ranks - (ones * (ones + 1)) / 2) / (ones * zeros);
}

const square = (v: number): number => v * v;

function both(what: string, a: Numbers, b: Numbers): [ArrayLike<number>, ArrayLike<number>] {
  const lists = [a, b].map((v, i) => {
    const numbers = typeof v === "object" && v !== null && "data" in v ? v.data : v;
    assertList(what, i === 0 ? "outputs" : "targets", numbers, "a list of numbers");
    return numbers;
  });
  const [x, y] = lists;
  if (x.length !== y.length || x.length === 0)
    throw shapeError(what, `${x.length} and ${y.length} numbers`, "the same number of both, at least one");
  for (const list of lists)
    for (let i = 0; i < list.length; i++)
      if (typeof list[i] !== "number" || Number.isNaN(list[i]))
        throw dataError(what, `${inWords(list[i])} at position ${i}`, "numbers");
  return [x, y];
}
