import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cosPi, exp, expm1, log, log1p, sigmoid, tanh } from "./portable.js";
import { Rng } from "./rng.js";

/** Distance of two doubles in units of the last place of the expected one. */
function ulps(got: number, expected: number): number {
  if (Object.is(got, expected)) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(expected));
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return Math.abs(got - expected) / (bits.getFloat64(0) - Math.abs(expected));
}

for (const [name, portable, native, low, high] of [
  ["exp", exp, Math.exp, -745, 709.7],
  ["log", (x: number) => log(exp(x)), (x: number) => Math.log(exp(x)), -700, 700],
  ["log near 1", log, Math.log, 0.5, 2],
  ["tanh", tanh, Math.tanh, -23, 23],
  ["tanh near 0", tanh, Math.tanh, -0.6, 0.6],
] as const) {
  test(`${name} is within 2 units in the last place of Math's on 20,000 points`, () => {
    const rng = new Rng(name);
    for (let i = 0; i < 20000; i++) {
      const x = low + (high - low) * rng.uniform();
      const distance = ulps(portable(x), native(x));
      assert.ok(distance <= 2, `${name}(${x}) = ${portable(x)}, ${distance} units from ${native(x)}`);
    }
  });
}

for (const [name, portable, native, low, high] of [
  ["expm1", expm1, Math.expm1, -40, 700],
  ["expm1 near 0", expm1, Math.expm1, -1e-3, 1e-3],
  ["log1p", log1p, Math.log1p, -0.9, 40],
  ["log1p near 0", log1p, Math.log1p, -1e-9, 1e-9],
] as const) {
  test(`${name} is within 6 units in the last place of Math's on 20,000 points`, () => {
    const rng = new Rng(name);
    for (let i = 0; i < 20000; i++) {
      const x = low + (high - low) * rng.uniform();
      const distance = ulps(portable(x), native(x));
      assert.ok(distance <= 6, `${name}(${x}) = ${portable(x)}, ${distance} units from ${native(x)}`);
    }
  });
}

test("cosPi is Math.cos(πx), whose own argument is rounded, and exact at its ends and in the middle", () => {
  assert.deepEqual([cosPi(0), cosPi(0.5), cosPi(1)], [1, 0, -1]);
  for (let i = 0; i <= 10000; i++)
    assert.ok(Math.abs(cosPi(i / 10000) - Math.cos((Math.PI * i) / 10000)) < 7e-16, `${i / 10000}`);
});

test("exp, log, tanh, sigmoid at their edges", () => {
  assert.deepEqual(
    [exp(0), exp(-Infinity), exp(Infinity), exp(710), exp(-746)],
    [1, 0, Infinity, Infinity, 0],
  );
  assert.deepEqual([log(1), log(0), log(Infinity)], [0, -Infinity, Infinity]);
  assert.ok(
    [exp(Number.NaN), log(-1), log(Number.NaN), tanh(Number.NaN), sigmoid(Number.NaN)].every(Number.isNaN),
  );
  assert.deepEqual([tanh(0), tanh(40), tanh(-40)], [0, 1, -1]);
  assert.deepEqual([sigmoid(0), sigmoid(1000), sigmoid(-1000)], [0.5, 1, 0]);
  assert.equal(ulps(log(5e-324), Math.log(5e-324)) <= 2, true, "the smallest subnormal number");
  assert.equal(exp(-745.1), 5e-324);
});

test("no room from tensor to train calls a function that engines compute differently", () => {
  const lib = fileURLToPath(new URL("../../", import.meta.url));
  const forbidden =
    /Math\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sinh|cosh|tanh|random|cbrt|hypot)\b|\*\*[^/*]/;
  const offenders: string[] = [];
  for (const room of [
    "tensor",
    "datasets",
    "engine",
    "layers",
    "losses",
    "optimizers",
    "schedules",
    "train",
  ]) {
    for (const entry of readdirSync(join(lib, room), { recursive: true })) {
      const file = join(lib, room, String(entry));
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
      for (const [i, line] of readFileSync(file, "utf8").split("\n").entries()) {
        const code = line.replace(/^\s*(\/?\*.*|\/\/.*)/, "").replace(/\/\/.*$/, "");
        if (forbidden.test(code)) offenders.push(`${room}/${String(entry)}:${i + 1}: ${line.trim()}`);
      }
    }
  }
  assert.deepEqual(offenders, []);
});
