// The two notebooks on CIFAR-10, top to bottom, on a made-up set of 200 images: a change of the library that breaks them
// is seen here, not at the end of an hour's run. What they find out about such images means nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Rng } from "@gradbook/core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
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

interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Metrics {
  readonly runs: readonly {
    readonly system: string;
    readonly digest: string;
    readonly epochs?: readonly unknown[];
  }[];
}

function run(name: string, settings: Readonly<Record<string, number>>): Metrics {
  const out = join(folder, `${name}.ipynb`);
  const parameters = Object.entries(settings).flatMap(([key, value]) => [
    "-p",
    `config.quick.${key}=${value}`,
  ]);
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(root, "lib/gradbook/gradbook.mjs"),
      ...[
        "run",
        join(root, "notebooks", `${name}.ipynb`),
        "--scale",
        "quick",
        "--data",
        folder,
        "--out",
        out,
      ],
      ...parameters,
    ],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  const { cells } = JSON.parse(readFileSync(out, "utf8")) as { cells: { outputs?: Output[] }[] };
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  assert.deepEqual(
    outputs.filter(({ output_type }) => output_type === "error"),
    [],
  );
  const figures = outputs.filter(({ data }) => data?.["application/vnd.plotly.v1+json"] !== undefined);
  assert.ok(figures.length >= 8, `${figures.length} figures`);
  const found = outputs.map(({ data }) => data?.["application/vnd.gradbook.metrics+json"]).find(Boolean);
  assert.ok(found, "no metrics");
  return found as Metrics;
}

test("lenet-cifar runs top to bottom: 36 settings, three networks, each run with its digest", () => {
  const { runs } = run("lenet-cifar", { perClass: 10, epochs: 1, secondEpochs: 1, wideEpochs: 1 });
  const count = (system: string) => runs.filter((one) => one.system === system).length;
  assert.deepEqual(["step1", "step2", "step3"].map(count), [36, 3, 1]);
  for (const { digest } of runs) assert.match(digest, /^[0-9a-f]{64}$/);
});

test("uva-practical runs top to bottom: derivations checked, four MLPs and the convnet", () => {
  const { runs } = run("uva-practical", {
    ...{ perClass: 10, batch: 20, steps: 4, evaluateEvery: 2, deepSteps: 4 },
    ...{ convSteps: 1, convEvaluateEvery: 1, convTest: 10 },
  });
  const systems = new Set(runs.map(({ system }) => system));
  for (const system of ["mlp-sgd", "mlp-adam", "deep-sgd", "deep-adam", "convnet"])
    assert.ok(systems.has(system), system);
});
