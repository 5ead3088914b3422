import assert from "node:assert/strict";
import { test } from "node:test";
import { compareMeans, mcnemar, meanInterval, studentQuantile } from "./statistics.js";
import { differenceInWords, intervalInWords, mcnemarInWords } from "./words.js";

test("meanInterval of [1, 2, 3]: 2 ± 2.484, t(0.975, 2) = 4.3027", () => {
  const { mean, half } = meanInterval([1, 2, 3]);
  assert.equal(mean, 2);
  assert.ok(Math.abs(half - 4.302652729911275 / Math.sqrt(3)) < 1e-9);
});

test("meanInterval of one value says nothing about its spread", () => {
  const one = meanInterval([0.5]);
  assert.equal(one.half, Number.POSITIVE_INFINITY);
  assert.equal(intervalInWords(one, { unit: " %", times: 100 }), "50.0 %");
});

test("mcnemar counts only images on which the two differ: 5 against 0 → p = 1/16", () => {
  const found = mcnemar([1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0]);
  assert.deepEqual(found, { onlyFirst: 5, onlySecond: 0, p: 0.0625, distinguishable: false });
  assert.equal(
    mcnemarInWords("Adam", "SGD", found),
    "only Adam has 5 of the test images right, only SGD has 0: not distinguishable (p = 0.063)",
  );
});

test("mcnemar of equal classifiers: p = 1", () => {
  assert.equal(mcnemar([1, 0, 1], [1, 0, 1]).p, 1);
});

test("compareMeans: equal values without spread are one, different ones are two", () => {
  assert.equal(compareMeans([1, 1], [1, 1]).distinguishable, false);
  assert.equal(compareMeans([1, 1], [2, 2]).distinguishable, true);
});

test("differenceInWords says which is higher, or that they are not distinguishable", () => {
  assert.equal(
    differenceInWords("Adam", "SGD", compareMeans([0.9, 0.91, 0.92], [0.8, 0.81, 0.82]), {
      times: 100,
      unit: " %",
    }),
    "Adam is higher than SGD by 10.0 % (95 % interval 7.7 … 12.3 %)",
  );
  assert.match(
    differenceInWords("A", "B", compareMeans([1, 2], [1.1, 2.5])),
    /^A and B are not distinguishable: the difference of −0\.3 has the 95 % interval −\d\.\d … \d\.\d$/,
  );
  assert.match(
    differenceInWords("A", "B", compareMeans([1, 1.1], [9, 9.1])),
    /^A is lower than B by 8\.0 \(95 % interval 7\.\d … 8\.\d\)$/,
  );
});

test("statistics refuse too few values, NaN, sets of different sizes and a probability of 1", () => {
  assert.throws(
    () => compareMeans([1], [1, 2]),
    /compareMeans: 1 values, expected at least 2 finite numbers\. One run says nothing/,
  );
  assert.throws(() => meanInterval([]), /meanInterval: 0 values, expected at least 1 finite number\./);
  assert.throws(() => meanInterval([1, Number.NaN]), /a value that is NaN/);
  assert.throws(
    () => mcnemar([1], [1, 0]),
    /mcnemar: 1 and 2 images, expected the same test images for both/,
  );
  assert.throws(() => studentQuantile(1, 3), /p 1 with 3 degrees of freedom/);
});
