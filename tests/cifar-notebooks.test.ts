// The two notebooks on CIFAR-10, top to bottom, on a made-up set of 200 images: a change of the library that breaks them
// is seen here, not at the end of an hour's run. What they find out about such images means nothing.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Json } from "@gradbook/base";
import { Rng } from "@gradbook/core";
import { type Seen, seenIn } from "./support/notebook-run.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-cifar-"));
after(() => rmSync(folder, { recursive: true }));

/** Noise, a little brighter from class to class. */
const rng = new Rng("cifar-notebooks");
for (const [name, perClass] of [
  ...[1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, 2] as const),
  ["test_batch.bin", 10] as const,
]) {
  const records = Buffer.alloc(10 * perClass * 3073);
  for (let at = 0; at < records.length; at++) {
    const label = Math.floor(at / 3073) % 10;
    records[at] = at % 3073 === 0 ? label : rng.int(128) + 12 * label;
  }
  writeFileSync(join(folder, name), records);
}

/** Nothing that a reader could take for a number is missing, and the conclusions are there. */
async function run(name: string, parameters: Readonly<Record<string, Json>>): Promise<Seen> {
  const seen = await seenIn(name, parameters, { GRADBOOK_DATA: folder });
  const found = /.{0,60}\b(?:NaN|undefined|Infinity|null)\b.{0,60}/.exec(seen.text)?.[0];
  assert.equal(found, undefined);
  assert.ok(seen.conclusions.length > 100);
  return seen;
}

interface Run {
  readonly system: string;
  readonly digest: string;
  readonly optimizer: string;
  readonly loss: string;
  readonly activation: string;
  readonly lr: number;
  readonly validationError: number;
  readonly epochs: readonly {
    readonly trainError: number;
    readonly testError: number;
    readonly testLoss: number;
  }[];
}
const runsOf = ({ metrics }: Seen) => (metrics as unknown as { readonly runs: readonly Run[] }).runs;
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const endOf = ({ epochs }: Run) => epochs[epochs.length - 1];

function assertSays({ conclusions }: Seen, ...sentences: string[]): void {
  for (const sentence of sentences)
    assert.ok(conclusions.includes(sentence), `${sentence}\n\n${conclusions}`);
}

const lenetSizes = {
  perClass: 10,
  seeds: [1],
  epochs: 1,
  chosenEpochs: 1,
  secondEpochs: 1,
  wideEpochs: 1,
  longEpochs: 1,
};
const lenetConfigs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "one optimizer, one rate": {
    "config.quick": lenetSizes,
    "config.optimizers": ["Adam"],
    "config.rates": [0.01],
  },
  "two seeds, no MSE": {
    "config.quick": { ...lenetSizes, seeds: [5, 6], chosenEpochs: 2, secondEpochs: 2 },
    "config.optimizers": ["SGD"],
    "config.losses": ["cross-entropy"],
    "config.rates": [0.1, 0.01],
  },
  "no sigmoid, no cross-entropy in the grid": {
    "config.quick": lenetSizes,
    "config.optimizers": ["momentum", "Adam"],
    "config.losses": ["MSE"],
    "config.activations": ["tanh"],
    "config.rates": [0.001],
  },
};
for (const [title, parameters] of Object.entries(lenetConfigs)) {
  test(`lenet-cifar with ${title}: the best is the best on the validation images`, {
    timeout: 240_000,
  }, async () => {
    const seen = await run("lenet-cifar", { ...parameters, "config.wideBatch": 4 });
    const chosen = runsOf(seen).filter(({ system }) => system === "step1-chosen");
    const nameOf = (one: Run) => `${one.activation} with ${one.loss}, ${one.optimizer} ${one.lr}`;
    const groups = [...new Set(chosen.map(nameOf))].map((name) => {
      const own = chosen.filter((one) => nameOf(one) === name);
      return {
        name,
        validation: mean(own.map(({ validationError }) => 1 - validationError)),
        test: (100 * mean(own.map((one) => 1 - endOf(one).testError))).toFixed(1),
      };
    });
    const best = groups.reduce((a, b) => (b.validation > a.validation ? b : a));
    assertSays(seen, `, ${best.name}: ${best.test} % of the test images right`);
    for (const { name, test: right } of groups)
      assert.equal(seen.tables.chosen.find(([first]) => first === name)?.[3], right);
    const claimed = groups.filter(({ name }) => /^sigmoid with cross-entropy, \S+ 0\.01$/.test(name));
    for (const { name, test: right } of claimed) assertSays(seen, `${right} % (${name.split(" ")[3]})`);
    if (title === "two seeds, no MSE") assert.doesNotMatch(seen.conclusions, /MSE/);
  });
}

test("lenet-cifar runs top to bottom: 36 settings and what they choose, three networks, each run with its digest", async () => {
  const seen = await run("lenet-cifar", { "config.quick": lenetSizes });
  const count = (system: string) => runsOf(seen).filter((one) => one.system === system).length;
  assert.deepEqual(["step1", "step2", "step3"].map(count), [36, 12, 1]);
  for (const { digest } of runsOf(seen)) assert.match(digest, /^[0-9a-f]{64}$/);
});

/** So few images and steps that the networks themselves are most of the work. */
const uvaSizes = {
  ...{ perClass: 5, seeds: [1], batch: 10, steps: 4, evaluateEvery: 2, deepSteps: 4, longSteps: 6 },
  ...{ longEvaluateEvery: 3, convSteps: 1, convEvaluateEvery: 1, convTest: 10, checkpointEvery: 1000 },
};
const uvaConfigs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "its own networks": { "config.quick": uvaSizes },
  "two seeds, small networks, rates that all barely learn": {
    "config.quick": { ...uvaSizes, seeds: [3, 4] },
    "config.small": [5],
    "config.deep": [8, 6],
    "config.rates": [1e-9, 1e-8],
  },
  "an MLP that learns, no look between the epochs": {
    "config.quick": { ...uvaSizes, steps: 30, evaluateEvery: 1000, longSteps: 60, longEvaluateEvery: 1000 },
    "config.small": [20],
    "config.deep": [12, 8],
    "config.deviation": 0.01,
    "config.sgdRate": 1e-3,
    "config.rates": [1e-3],
  },
};
for (const [title, parameters] of Object.entries(uvaConfigs)) {
  test(`uva-practical with ${title}: accuracies in words are those of the runs`, {
    timeout: 240_000,
  }, async () => {
    const seen = await run("uva-practical", parameters);
    const right = (system: string) => {
      const found = runsOf(seen).filter((one) => one.system === system);
      assert.ok(found.length > 0, system);
      return (100 * mean(found.map((one) => 1 - endOf(one).testError))).toFixed(1);
    };
    assertSays(
      seen,
      `reaches ${right("mlp-sgd")}`,
      `of SGD (the original: about 46 %), ${right("mlp-adam")}`,
      `${right("deep-long")} % of the test images after`,
      `**The convnet** reaches ${right("convnet")} %`,
    );
    const learns =
      Math.abs(
        endOf(runsOf(seen).filter(({ system }) => system === "deep-sgd")[0]).testLoss - Math.log(10),
      ) >= 0.001;
    assertSays(seen, learns ? "**The deep MLP** learns" : "**The deep MLP** does not learn");
    const verdicts = new Set(seen.tables.rates.map((row) => row[4]));
    for (const verdict of ["learns", "barely learns", "explodes"])
      assertSays(seen, verdicts.has(verdict) ? `it ${verdict}` : `None ${verdict}`);
    const seeds = (parameters["config.quick"] as { readonly seeds: readonly number[] }).seeds.length;
    const row = seen.tables.results.find(([system]) => system === "MLP, SGD");
    assert.equal(row?.[3], String(seeds));
    assert.ok(row?.[5].startsWith(right("mlp-sgd")), String(row));
    assert.equal(seen.tables.module.length, 6);
  });
}
