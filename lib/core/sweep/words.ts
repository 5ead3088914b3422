import { count, flag, type Given, number, object, options, positive, readOption, text } from "@gradbook/base";
import type { Difference, Interval, McNemar } from "./statistics.js";

const wordsOptions = {
  /**
   * Behind the number, with its space: " %".
   * @default ""
   */
  unit: text().or(""),
  /**
   * Digits after the point.
   * @default 1
   */
  digits: count(0).or(1),
  /**
   * What the values are multiplied by: 100 makes per cent of fractions.
   * @default 1
   */
  times: positive().or(1),
};
/**
 * How a number is written in a sentence.
 * @interface
 */
export type WordsConfig = Given<typeof wordsOptions>;

const intervalOption = object(
  { n: count(), mean: number(), half: number() },
  "an interval",
  "meanInterval(values) returns one.",
);
const differenceOption = object(
  { difference: number(), low: number(), high: number(), distinguishable: flag() },
  "what compareMeans returns",
  "differenceInWords(nameOfA, nameOfB, compareMeans(a, b))",
);
const mcnemarOption = object(
  { onlyFirst: count(0), onlySecond: count(0), p: number(), distinguishable: flag() },
  "what mcnemar returns",
  "mcnemarInWords(nameOfA, nameOfB, mcnemar(a, b))",
);
const names = (what: string, a: string, b: string): readonly [string, string] => [
  readOption(what, "the first name", text(), a),
  readOption(what, "the second name", text(), b),
];

/**
 * `46.2 ± 0.9 %`; a single value stands alone, because it says nothing about its spread.
 * @throws GradbookError when it is not an interval, or an option is wrong
 *
 * @example
 * ```ts
 * import { intervalInWords, meanInterval } from "gradbook";
 *
 * console.log(intervalInWords(meanInterval([0.971, 0.974, 0.969]), { times: 100, unit: " %" })); // 97.1 ± 0.6 %
 * ```
 */
export function intervalInWords(interval: Interval, config: WordsConfig = {}): string {
  const { n, mean, half } = readOption("intervalInWords", "interval", intervalOption, interval);
  const { unit, digits, times } = options("intervalInWords", wordsOptions, config);
  const number = (v: number) => (v * times).toFixed(digits);
  return n === 1 ? `${number(mean)}${unit}` : `${number(mean)} ± ${number(half)}${unit}`;
}

/**
 * A comparison over seeds in a sentence: `Adam is higher than SGD by 3.1 (95 % interval 1.2 … 5.0)`, or
 * `Adam and SGD are not distinguishable: the difference of 0.4 has the 95 % interval −1.0 … 1.8`.
 * @throws GradbookError when it is not a difference, or an option is wrong
 *
 * @example
 * ```ts
 * import { compareMeans, differenceInWords } from "gradbook";
 *
 * const found = compareMeans([97.1, 97.4, 96.9], [95.0, 95.9, 95.2]);
 * console.log(differenceInWords("Adam", "SGD", found)); // Adam is higher than SGD by 1.8 (95 % interval 0.8 … 2.7)
 * ```
 */
export function differenceInWords(a: string, b: string, found: Difference, config: WordsConfig = {}): string {
  const [first, second] = names("differenceInWords", a, b);
  const { difference, low, high, distinguishable } = readOption(
    "differenceInWords",
    "the difference",
    differenceOption,
    found,
  );
  const { unit, digits, times } = options("differenceInWords", wordsOptions, config);
  const number = (v: number) => (v * times).toFixed(digits).replace("-", "−");
  const interval = (low: number, high: number) => `95 % interval ${number(low)} … ${number(high)}${unit}`;
  if (!distinguishable) {
    return `${first} and ${second} are not distinguishable: the difference of ${number(difference)}${unit} has the ${interval(low, high)}`;
  }
  const [size, from, to] = difference > 0 ? [difference, low, high] : [-difference, -high, -low];
  return `${first} is ${difference > 0 ? "higher" : "lower"} than ${second} by ${number(size)}${unit} (${interval(from, to)})`;
}

/**
 * McNemar's test in a sentence: `only A has 71 of the test images right, only B has 48: A is better (p = 0.043)`, or
 * `…: not distinguishable (p = 0.31)`.
 * @throws GradbookError when it is not the result of `mcnemar`
 *
 * @example
 * ```ts
 * import { mcnemar, mcnemarInWords } from "gradbook";
 *
 * const found = mcnemar([1, 1, 1, 0, 1], [1, 0, 1, 1, 0]);
 * console.log(mcnemarInWords("LeNet", "the linear model", found)); // only LeNet has 2 of the test images right, only the linear model has 1: not distinguishable (p = 1.0)
 * ```
 */
export function mcnemarInWords(a: string, b: string, found: McNemar): string {
  const [first, second] = names("mcnemarInWords", a, b);
  const { onlyFirst, onlySecond, p, distinguishable } = readOption(
    "mcnemarInWords",
    "the test",
    mcnemarOption,
    found,
  );
  const counts = `only ${first} has ${onlyFirst} of the test images right, only ${second} has ${onlySecond}`;
  const verdict = distinguishable
    ? `${onlyFirst > onlySecond ? first : second} is better`
    : "not distinguishable";
  return `${counts}: ${verdict} (${pInWords(p)})`;
}

function pInWords(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toPrecision(2)}`;
}
