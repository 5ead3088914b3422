import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readCatalogue, replaceCatalogue } from "@gradbook/core/internal";
import { tinyProject } from "#core/datasets/download/project.test.helper.js";
import { command } from "#tools/cli/data.js";

const catalogue = { readCatalogue, replaceCatalogue };

/** Runs the command with what it prints collected; the bar is quiet. */
async function run(t: TestContext, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const log = t.mock.method(console, "log", (line: string) => lines.push(line));
  const bar = t.mock.method(process.stderr, "write", () => true);
  try {
    return { code: await command.run(args), lines };
  } finally {
    log.mock.restore();
    bar.mock.restore();
  }
}

const names = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

test("gradbook data: fetches MNIST and ends naming the files", async (t) => {
  await tinyProject(t, [], catalogue);
  const { code, lines } = await run(t);
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    "MNIST fetched; every file has the published SHA-256:",
    ...names.map((name) => `  ${join("data", "mnist", name)}`),
    "Please cite: nobody. Licence: none.",
  ]);
  assert.equal(
    (await run(t, "mnist")).lines[0],
    "MNIST was there already; every file has the published SHA-256:",
  );
  assert.equal(
    (await run(t, "mnist", "--force")).lines[0],
    "MNIST fetched; every file has the published SHA-256:",
  );
});

test("gradbook data mnist --folder DIR", async (t) => {
  const { root } = await tinyProject(t, [], catalogue);
  await run(t, "mnist", "--folder", "elsewhere");
  assert.deepEqual(readdirSync(join(root, "elsewhere")).sort(), [...names].sort());
});

test("gradbook data mnist --check: verifies only, and names the fault", async (t) => {
  const { root, mirror, files } = await tinyProject(t, [], catalogue);
  await assert.rejects(run(t, "mnist", "--check"), /data\/mnist: no file of MNIST, expected train-images/);
  assert.deepEqual(mirror.requests, []);
  await run(t, "mnist");
  assert.equal((await run(t, "mnist", "--check")).code, 0);
  writeFileSync(join(root, "data/mnist", names[0]), files[names[0]].subarray(0, 1000));
  await assert.rejects(
    run(t, "mnist", "--check"),
    /train-images-idx3-ubyte: ends at offset 1000, expected 3152 bytes/,
  );
});

test("refuses an unknown data set, two of them, and an unknown option", async (t) => {
  await tinyProject(t, [], catalogue);
  await assert.rejects(run(t, "cifar100"), {
    message: 'data set: "cifar100", expected one of mnist, cifar10.',
  });
  await assert.rejects(run(t, "mnist", "cifar10"), /data set: "mnist cifar10", expected one of/);
  await assert.rejects(run(t, "mnist", "--forced"), { code: "ERR_PARSE_ARGS_UNKNOWN_OPTION" });
});
