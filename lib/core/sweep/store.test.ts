import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { host } from "@gradbook/base";
import { bundleModule } from "./bundle.js";
import { Store } from "./store.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-store-"));
after(() => rmSync(root, { recursive: true }));
const fresh = () => new Store(join(mkdtempSync(join(root, "s-")), "sweep"));
const job = { key: "a".repeat(64), setting: { lr: 0.1 }, seed: 1 };

test("the table of a sweep replaces itself", () => {
  const store = fresh();
  for (const csv of ["a\n1\n", "a\n1\n2\n", "a\n1\n2\n"]) {
    store.writeTable(csv);
    assert.equal(readFileSync(store.tablePath, "utf8"), csv);
  }
  assert.deepEqual(readdirSync(store.folder).sort(), [".table.csv.sha256", "table.csv"]);
});

test("killed between the table's digest and the table: the next call knows both", () => {
  const store = fresh();
  store.writeTable("old\n");
  const before = readFileSync(store.tablePath, "utf8");
  store.writeTable("new\n");
  writeFileSync(store.tablePath, before);
  store.writeTable("newer\n");
  assert.equal(readFileSync(store.tablePath, "utf8"), "newer\n");
});

const tables: readonly [title: string, put: (store: Store) => void][] = [
  [
    "somebody's own table",
    (store) => [mkdirSync(store.folder), writeFileSync(store.tablePath, "my,numbers\n")],
  ],
  [
    "a table that was changed",
    (store) => [store.writeTable("a\n"), writeFileSync(store.tablePath, "a\nmine\n")],
  ],
  [
    "a link",
    (store) => [store.writeTable("a\n"), rmSync(store.tablePath), symlinkSync("x", store.tablePath)],
  ],
  ["a folder", (store) => mkdirSync(store.tablePath, { recursive: true })],
];

for (const [title, put] of tables) {
  test(`refuses to write a sweep's table over ${title}`, () => {
    const store = fresh();
    put(store);
    const before = readdirSync(store.folder);
    for (const call of [() => store.assertOwnTable(), () => store.writeTable("new\n")]) {
      assert.throws(call, {
        name: "GradbookError",
        message:
          /table\.csv: it is not the table as gradbook wrote it\. It was not touched\. Move it away, or/,
      });
    }
    assert.deepEqual(readdirSync(store.folder), before);
  });
}

test("a result that is damaged is made again, one that may not be read is an error", () => {
  const store = fresh();
  const path = join(store.folder, "results", `${job.key}.json`);
  store.write({ ...job, result: 1, seconds: 0 });
  assert.equal(store.read(job)?.result, 1);
  for (const text of ["", "{", "null", '{"key":"other","result":1,"setting":{},"seconds":1}']) {
    writeFileSync(path, text);
    assert.equal(store.read(job), undefined);
  }
  rmSync(path);
  mkdirSync(path);
  assert.throws(() => store.read(job), /json: it is a folder/);
});

test("drafts of killed runs are removed, finished runs and checkpoints stay", () => {
  const store = fresh();
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  store.write({ ...job, result: 1, seconds: 0 });
  writeFileSync(store.checkpoint(job), "state");
  for (const inner of ["results", "checkpoints", ""])
    writeFileSync(join(store.folder, inner, `.gradbook-${host}-${dead}-0123456789ab`), "half");
  store.clean();
  assert.deepEqual(readdirSync(store.folder, { recursive: true }).map(String).sort(), [
    "checkpoints",
    `checkpoints/${job.key}.ckpt`,
    "results",
    `results/${job.key}.json`,
  ]);
});

test("a bundle stands in a folder that git ignores; one that was changed is written again", async () => {
  const folder = mkdtempSync(join(root, "b-"));
  const source = join(folder, "my sweep ü.ts");
  writeFileSync(source, "export const grid = { a: [1] };\n");
  const { file } = await bundleModule(source);
  assert.equal(readFileSync(join(folder, ".cache/sweeps/.gitignore"), "utf8"), "*\n");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, "export const grid = { a: [2] };\n");
  assert.equal((await bundleModule(source)).file, file);
  assert.equal(readFileSync(file, "utf8"), text);
  assert.ok(existsSync(source));
});

test("a bundle's digest knows no comment; what it imports from gradbook is read off it", async () => {
  const folder = mkdtempSync(join(root, "c-"));
  const source = join(folder, "grid.ts");
  writeFileSync(join(folder, "net.ts"), 'import { relu } from "gradbook"; export const net = () => relu();');
  const text =
    'import { fit, sgd } from "gradbook";\nimport { net } from "./net.js";\nexport const run = () => fit(net(), sgd());\n';
  const of = (content: string) => {
    writeFileSync(source, content);
    return bundleModule(source);
  };
  const first = await of(text);
  assert.deepEqual(first.imported, new Set(["fit", "sgd", "relu"]));
  assert.deepEqual(await of(`/** Says what it does. */\n${text}// and why\n//! with a licence\n`), first);
  assert.notEqual((await of(text.replace("sgd());", "sgd(1));"))).digest, first.digest);
  assert.equal((await of('export const run = async () => import("gradbook");')).imported, "everything");
});
