// What the notebooks conclude, with other settings than their own and so little data that the numbers mean nothing: each
// sentence must still be true of them. Every claim here is computed a second time, from the run's metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@gradbook/base";
import { type Seen, seenIn } from "./support/notebook-run.js";

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const percent = (share: number) => (100 * share).toFixed(1);

function assertNothingMissing({ text, conclusions }: Seen): void {
  assert.ok(conclusions.length > 100, "no conclusions");
  const found = /.{0,60}\b(?:NaN|undefined|Infinity|null)\b.{0,60}/.exec(text)?.[0];
  assert.equal(found, undefined);
}

function assertSays(conclusions: string, ...sentences: string[]): void {
  for (const sentence of sentences)
    assert.ok(conclusions.includes(sentence), `${sentence}\n\n${conclusions}`);
}

interface Hw4Run {
  readonly optimizer: string;
  readonly batch: number;
  readonly validationError: number;
  readonly epochs: readonly { readonly testError: number }[];
}

const tiny = { "config.tsneIterations": 110, "config.trainPerClass": 5, "config.validationPerClass": 5 };
const hw4Configs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "batches 32 and 64, one optimizer": {
    "config.batches": [32, 64],
    "config.optimizers": ["RMSProp"],
    "config.epochs": 2,
    "config.epochCounts": [1, 2],
  },
  "two seeds, a batch beside its tenth": {
    "config.scale": "full",
    "config.seeds": [7, 8],
    "config.batches": [5, 50],
    "config.optimizers": ["SGD", "momentum"],
    "config.epochs": 3,
    "config.epochCounts": [3],
  },
  "one batch, one epoch": { "config.batches": [10], "config.epochs": 1, "config.epochCounts": [2, 4] },
};
for (const [title, parameters] of Object.entries(hw4Configs)) {
  test(`hw4 with ${title}: the best is the best of the table`, { timeout: 120_000 }, async () => {
    const seen = await seenIn("hw4", { ...tiny, ...parameters });
    assertNothingMissing(seen);
    const { runs } = seen.metrics as unknown as { readonly runs: readonly Hw4Run[] };
    const settings = [...new Set(runs.map(({ optimizer, batch }) => `${optimizer}, batch ${batch}`))].map(
      (name) => {
        const own = runs.filter(({ optimizer, batch }) => name === `${optimizer}, batch ${batch}`);
        return {
          name,
          validation: mean(own.map(({ validationError }) => 1 - validationError)),
          test: mean(own.map(({ epochs }) => 1 - epochs[epochs.length - 1].testError)),
        };
      },
    );
    const best = settings.reduce((a, b) => (b.validation > a.validation ? b : a));
    assertSays(
      seen.conclusions,
      `**The best of the ${settings.length} settings**, by the validation images, is ${best.name}: ${percent(best.validation)} % of them right, and ${percent(best.test)} % of the 100 test images`,
    );
    const highest = Math.max(...settings.map((setting) => setting.test));
    if (highest > best.test)
      assertSays(seen.conclusions, `has the highest test accuracy, ${percent(highest)} %`);
    else assertSays(seen.conclusions, "No setting has a higher test accuracy.");
    for (const { name, validation, test: right } of settings) {
      const row = seen.tables.results.find(([optimizer, batch]) => name === `${optimizer}, batch ${batch}`);
      assert.ok(row?.[4].startsWith(percent(validation)), `${name}: ${row}`);
      assert.ok(row?.[5].startsWith(percent(right)), `${name}: ${row}`);
    }
    assert.equal(seen.tables["accuracy-per-epoch"].length, Number(parameters["config.epochs"]) + 1);
  });
}

interface BackwardRun {
  readonly system: string;
  readonly loss: string;
  readonly epochs: readonly { readonly testError: number }[];
}

const backwardConfigs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "one seed, one epoch": { "config.quick": { seeds: [4], trainPerClass: 1, epochs: 1 } },
  "two seeds, a rate that barely moves": {
    "config.quick": { seeds: [1, 2], trainPerClass: 1, epochs: 2 },
    "config.lr": 1e-6,
  },
  "a rate that explodes": { "config.quick": { seeds: [1], trainPerClass: 2, epochs: 3 }, "config.lr": 1e6 },
};
for (const [title, parameters] of Object.entries(backwardConfigs)) {
  test(`broken-backward with ${title}: accuracies and symptoms are those of the runs`, {
    timeout: 120_000,
  }, async () => {
    const seen = await seenIn("broken-backward", { ...parameters, "config.testPerClass": 1 });
    assertNothingMissing(seen);
    const { runs, headline } = seen.metrics as unknown as {
      readonly runs: readonly BackwardRun[];
      readonly headline: readonly { readonly loss: string; readonly noise: number }[];
    };
    for (const { loss, noise } of headline) {
      const of = (system: string) => runs.filter((run) => run.system === system && run.loss === loss);
      const rights = (system: string) =>
        of(system).map(({ epochs }) =>
          epochs.length === 0 ? 0 : 100 * (1 - epochs[epochs.length - 1].testError),
        );
      const range = (values: readonly number[]) =>
        [...new Set([Math.min(...values).toFixed(0), Math.max(...values).toFixed(0)])].join(" to ");
      const count = of("repaired").length;
      assertSays(
        seen.conclusions,
        `**${loss} loss.** Before the repair ${range(rights("reconstructed"))} % of the test images are right (guessing gives 10 %), after it ${range(rights("repaired"))} %`,
        `shows with ${noise} of ${count} seeds`,
        `learns with ${rights("repaired").filter((right) => right >= 20).length} of ${count} seeds`,
      );
      const rows = seen.tables.trainings.filter(([system, of]) => system === "reconstructed" && of === loss);
      assert.equal(rows.length, count);
    }
  });
}

interface TsinghuaRun {
  readonly system: string;
  readonly loss: string;
  readonly epochs: readonly { readonly testError: number; readonly testLoss: number }[];
}

const tsinghuaConfigs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "one epoch each and no look between them": {
    "config.epochs": { exp1: 1, exp2: 1, mlp: 1 },
    "config.evaluateEvery": 1000,
    "config.perClass": 3,
  },
  "two seeds and no decay": {
    "config.epochs": { exp1: 2, exp2: 1, mlp: 3 },
    "config.evaluateEvery": 2,
    "config.perClass": 5,
    "config.batch": 25,
    "config.seeds": [3, 4],
    "config.decay": 1,
  },
  "a CNN that has learned more than the MLP": {
    "config.epochs": { exp1: 1, exp2: 4, mlp: 1 },
    "config.evaluateEvery": 50,
    "config.perClass": 20,
    "config.batch": 10,
    "config.lr": { exp1: 0.01, exp2: 0.02, mlp: 1e-5 },
  },
};
for (const [title, parameters] of Object.entries(tsinghuaConfigs)) {
  test(`tsinghua with ${title}: what is said of the original's claims is true of the runs`, {
    timeout: 120_000,
  }, async () => {
    const seen = await seenIn("tsinghua", parameters);
    assertNothingMissing(seen);
    const { runs } = seen.metrics as unknown as { readonly runs: readonly TsinghuaRun[] };
    const ends = (system: string, loss: string) =>
      runs
        .filter((run) => run.system === system && run.loss === loss)
        .map(({ epochs }) => epochs[epochs.length - 1]);
    const right = (system: string, loss: string) =>
      mean(ends(system, loss).map(({ testError }) => 100 * (1 - testError))).toFixed(2);
    const lossOf = (system: string) => mean(ends(system, "cross-entropy").map(({ testLoss }) => testLoss));
    for (const system of ["exp 1", "exp 2", "MLP"])
      assertSays(
        seen.conclusions,
        `**${system}.** ${right(system, "cross-entropy")} % with cross-entropy, ${right(system, "Euclidean")} % with the Euclidean loss`,
      );
    const larger = ["exp 1", "exp 2"].filter((system) => lossOf(system) > lossOf("MLP"));
    assertSays(
      seen.conclusions,
      ["Our numbers refute it", `True of ${larger[0]} only`, "That agrees with the original."][larger.length],
      "exp 2 is printed with 864 fewer",
    );
    assert.deepEqual(
      seen.tables["parameter-counts"].map((row) => row[4]),
      ["0", "864", "0"],
    );
  });
}
