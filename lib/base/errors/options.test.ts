import assert from "node:assert/strict";
import { test } from "node:test";
import {
  count,
  flag,
  type Given,
  list,
  numberFrom,
  numbers,
  object,
  oneOf,
  option,
  options,
  pair,
  seed,
  text,
  typedArray,
} from "./options.js";

const table = {
  /** how many */
  in: count(),
  kernel: pair(1),
  pad: pair(0).or(0),
  rate: numberFrom(0, 1).or(0.5),
  bias: flag().or(true),
  kind: oneOf("a", "b").optional(),
  seed: seed().or(0),
};
type Config = Given<typeof table>;
const read = (given: unknown) => options("layer", table, given as Config);

test("defaults are filled in, pairs are spread, an optional one stays undefined", () => {
  const given: Config = { in: 3, kernel: [2, 5], kind: undefined };
  assert.deepEqual(options("layer", table, given), {
    in: 3,
    kernel: [2, 5],
    pad: [0, 0],
    rate: 0.5,
    bias: true,
    kind: undefined,
    seed: 0,
  });
  assert.deepEqual(read({ in: 1, kernel: 3, pad: 2, seed: "s" }).pad, [2, 2]);
});

test("the compiler knows what is required and what a value may be", () => {
  // @ts-expect-error in is missing
  assert.throws(() => options("layer", table, { kernel: 1 }));
  // @ts-expect-error a text where a number belongs
  assert.throws(() => options("layer", table, { in: "1", kernel: 1 }));
  const { kind, kernel } = options("layer", table, { in: 1, kernel: 1, kind: "a" });
  const width: number = kernel[1];
  const word: "a" | "b" | undefined = kind;
  assert.deepEqual([width, word], [1, "a"]);
});

const refusals: [unknown, string][] = [
  [
    undefined,
    "layer: missing argument, expected an object { in, kernel, pad?, rate?, bias?, kind?, seed? }.",
  ],
  [null, "layer: null, expected an object { in, kernel, pad?, rate?, bias?, kind?, seed? }."],
  [3, "layer: 3, expected an object { in, kernel, pad?, rate?, bias?, kind?, seed? }."],
  [[1], "layer: [1], expected an object { in, kernel, pad?, rate?, bias?, kind?, seed? }."],
  [
    { in: 1, kernal: 2 },
    'layer: unknown option "kernal", expected one of in, kernel, pad, rate, bias, kind, seed. Did you mean "kernel"?',
  ],
  [
    { in: 1, kernel: 1, zebra: 2 },
    'layer: unknown option "zebra", expected one of in, kernel, pad, rate, bias, kind, seed.',
  ],
  [{ kernel: 1 }, "layer: in is missing, expected a whole number of at least 1."],
  [{ in: "1", kernel: 1 }, 'layer: in is "1", expected a whole number of at least 1.'],
  [{ in: 0.5, kernel: 1 }, "layer: in is 0.5, expected a whole number of at least 1."],
  [{ in: null, kernel: 1 }, "layer: in is null, expected a whole number of at least 1."],
  [
    { in: 1, kernel: [1, 2, 3] },
    "layer: kernel is [1, 2, 3], expected a whole number of at least 1, or [height, width].",
  ],
  [
    { in: 1, kernel: 1, pad: -1 },
    "layer: pad is -1, expected a whole number of at least 0, or [height, width].",
  ],
  [{ in: 1, kernel: 1, rate: 1 }, "layer: rate is 1, expected a number in [0, 1)."],
  [{ in: 1, kernel: 1, rate: Number.NaN }, "layer: rate is NaN, expected a number in [0, 1)."],
  [{ in: 1, kernel: 1, bias: "no" }, 'layer: bias is "no", expected true or false.'],
  [{ in: 1, kernel: 1, kind: "c" }, 'layer: kind is "c", expected "a" or "b".'],
  [{ in: 1, kernel: 1, seed: 0.5 }, "layer: seed is 0.5, expected a whole number or a string."],
];
for (const [given, message] of refusals)
  test(`refused: ${message}`, () => assert.throws(() => read(given), { message }));

test("a cure is written for the value that was found", () => {
  const own = option<number>(
    "an even number",
    (v) => (Number(v) % 2 === 0 ? Number(v) : undefined),
    (v) => (typeof v === "string" ? "Leave the quotes out." : undefined),
  );
  assert.throws(() => options("f", { n: own }, { n: 3 }), { message: "f: n is 3, expected an even number." });
  assert.throws(() => options("f", { n: own }, { n: "x" as unknown as number }), {
    message: 'f: n is "x", expected an even number. Leave the quotes out.',
  });
});

test("what is inside of a list or an object is looked at, named by its place, and stays as it is", () => {
  const inner = { values: numbers(), note: text().optional() };
  const outer = { runs: list(object(inner), "a list of runs"), bytes: typedArray("Uint8Array").optional() };
  const given = {
    runs: [
      { values: [1, Number.NaN, 2], more: true },
      { values: new Float32Array(2), note: "n" },
    ],
  };
  assert.equal(options("f", outer, given).runs, given.runs);
  const refused: readonly (readonly [unknown, string])[] = [
    [{}, "f: runs is missing, expected a list of runs."],
    [{ runs: "abc" }, 'f: runs is "abc", expected a list of runs.'],
    [{ runs: [null] }, "f: runs[0] is null, expected an object { values, note? }."],
    [{ runs: [{}] }, "f: runs[0].values is missing, expected a list of numbers."],
    [{ runs: [{ values: [1, "2"] }] }, 'f: runs[0].values[1] is "2", expected a number.'],
    [
      { runs: [{ values: new BigInt64Array(1) }] },
      "f: runs[0].values is an object of the class BigInt64Array, expected a list of numbers.",
    ],
    [{ runs: [{ values: [] }, { values: [], note: 3 }] }, "f: runs[1].note is 3, expected a string."],
    [
      { runs: [], bytes: [1] },
      "f: bytes is [1], expected a Uint8Array. Uint8Array.from(numbers) makes one of a list.",
    ],
  ];
  for (const [wrong, message] of refused)
    assert.throws(() => options("f", outer, wrong as Given<typeof outer>), { message });
});
