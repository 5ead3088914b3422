import { Rng } from "../../tensor/rng.js";
import { type CheckLine, number, percent } from "./panel.js";
import { type ModelSnapshot, samples } from "./snapshot.js";

/** Pixels of 0 … 255, features that never change, NaN. */
export function checkInputScale({ x }: ModelSnapshot): CheckLine {
  const check = "input scale";
  let [low, high, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const v of x.data) {
    if (!Number.isFinite(v))
      return {
        check,
        verdict: "bad",
        words: `the inputs hold ${v}.`,
        cure: "Look at how the data are read.",
      };
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
    squares += v * v;
  }
  const mean = sum / x.size;
  const deviation = Math.sqrt(Math.max(0, squares / x.size - mean * mean));
  const words = `from ${number(low)} to ${number(high)}, mean ${number(mean)}, standard deviation ${number(deviation)}.`;
  if (high === low)
    return {
      check,
      verdict: "bad",
      words: `every input is ${number(low)}.`,
      cure: "Look at how the data are read.",
    };
  if (Math.max(-low, high) > 20)
    return {
      check,
      verdict: "bad",
      words,
      cure: "Scale the inputs to 0 … 1, or to mean 0 and standard deviation 1: the first layer sees numbers far too large.",
    };
  if (deviation < 0.01)
    return { check, verdict: "bad", words, cure: "The inputs hardly differ: divided by 255 twice?" };
  if (deviation > 4 || Math.abs(mean) > 4 * deviation)
    return { check, verdict: "look", words, cure: "Subtract the mean and divide by the standard deviation." };
  return { check, verdict: "good", words, cure: "" };
}

/** A set sorted by class, read in its own order, shows the model one class after the other. */
export function checkLabelOrder({ data: { labels, classes } }: ModelSnapshot, shuffle: boolean): CheckLine {
  const check = "order of the labels";
  const counts = new Array<number>(classes).fill(0);
  let changes = 0;
  for (let i = 0; i < labels.length; i++) {
    counts[labels[i]]++;
    if (i > 0 && labels[i] !== labels[i - 1]) changes++;
  }
  const missing = counts.filter((n) => n === 0).length;
  if (missing > 0)
    return {
      check,
      verdict: "look",
      words: `${missing} of ${classes} classes have no sample.`,
      cure: "Is the subset balanced? balancedSubset(data, { perClass }) takes the same number of each.",
    };
  const sorted = changes < labels.length / 10;
  if (sorted && !shuffle)
    return {
      check,
      verdict: "bad",
      words: "the set is sorted by class, and training does not shuffle.",
      cure: "Shuffle: each batch must hold all classes.",
    };
  const least = Math.min(...counts);
  const most = Math.max(...counts);
  const words = `${sorted ? "sorted by class, but training shuffles" : "mixed"}; ${least === most ? `${least} of each class` : `${least} … ${most} samples a class`}.`;
  return most > 5 * least
    ? {
        check,
        verdict: "look",
        words,
        cure: "The classes are far from balanced: report the error of each class.",
      }
    : { check, verdict: "good", words, cure: "" };
}

/** Samples used to look whether labels and images belong together. */
const comparedSamples = 600;

/** Labels that were shuffled apart from their images cannot be told by any rule: not even by the nearest class mean. */
export function checkLabels({ model, data, seed }: ModelSnapshot): CheckLine {
  const check = "labels and images";
  const count = Math.min(comparedSamples, data.size);
  const chosen = new Rng(seed).fork("labels").permutation(data.size).subarray(0, count);
  const { x, labels } = samples(model, data, chosen);
  const features = x.size / count;
  const half = Math.floor(count / 2);
  const means = Array.from({ length: data.classes }, () => new Float64Array(features));
  const counts = new Array<number>(data.classes).fill(0);
  for (let i = 0; i < half; i++) {
    counts[labels[i]]++;
    for (let k = 0; k < features; k++) means[labels[i]][k] += x.data[i * features + k];
  }
  for (const [c, mean] of means.entries())
    for (let k = 0; k < features; k++) mean[k] /= Math.max(1, counts[c]);
  let right = 0;
  for (let i = half; i < count; i++) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const [c, mean] of means.entries()) {
      if (counts[c] === 0) continue;
      let distance = 0;
      for (let k = 0; k < features; k++) {
        const d = x.data[i * features + k] - mean[k];
        distance += d * d;
      }
      if (distance < least) [least, best] = [distance, c];
    }
    if (best === labels[i]) right++;
  }
  const tested = count - half;
  const share = right / tested;
  const chance = Math.max(...counts) / half;
  // three standard errors above chance
  const clear = share > chance + 3 * Math.sqrt((chance * (1 - chance)) / tested);
  const words = `the nearest class mean finds ${percent(share)} of ${tested} samples, chance ${percent(chance)}.`;
  if (tested < 50) return { check, verdict: "look", words, cure: "Too few samples to say more." };
  return clear
    ? { check, verdict: "good", words, cure: "" }
    : {
        check,
        verdict: "bad",
        words,
        cure: "The labels do not seem to belong to these images: were both shuffled by the same order?",
      };
}
