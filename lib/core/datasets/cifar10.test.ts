import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadCifar10 } from "./cifar10.js";
import { cifarBatch, scratch, writeAll } from "./fixtures.test.helper.js";

const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const names = [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`);

/** Six small batches, changed by `edit`. */
function folderWith(t: TestContext, edit: Readonly<Record<string, Buffer>> = {}, inner = ""): string {
  const folder = scratch(t);
  mkdirSync(join(folder, inner), { recursive: true });
  const batches = names.map((name, k) => [name, cifarBatch([...digits, k])]);
  writeAll(join(folder, inner), {
    ...Object.fromEntries(batches),
    "test_batch.bin": cifarBatch(digits),
    ...edit,
  });
  return folder;
}

test("six batches are one set of 55 training images and one of 10 test images", (t) => {
  const { train, test: held, source } = loadCifar10({ folder: folderWith(t) });
  assert.deepEqual([train.size, held.size, ...train.shape], [55, 10, 3, 32, 32]);
  assert.deepEqual([...train.labels.slice(9, 13)], [9, 0, 0, 1]);
  assert.deepEqual([...new Set(train.bytes(12))], [1], "record 1 of the second batch");
  assert.match(source, /not the published CIFAR-10 files$/);
  assert.equal(train.classNames[9], "truck");
});

test("the archive's own folder, and the first images of each class", (t) => {
  const folder = folderWith(t, {}, "cifar-10-batches-bin");
  const { train, test: held } = loadCifar10({ folder, perClass: 1 });
  assert.deepEqual([...train.labels], digits);
  assert.equal(held.name, "CIFAR-10 test, 1 per class");
  assert.throws(
    () => loadCifar10({ folder, perClass: 2 }),
    /1 samples of class 0 \(airplane\), expected at least 2/,
  );
});

test("refuses a batch cut within a record, with file and offset", (t) => {
  const folder = folderWith(t, { "data_batch_3.bin": cifarBatch(digits).subarray(0, 3073 * 4 + 100) });
  assert.throws(
    () => loadCifar10({ folder }),
    /data_batch_3\.bin: ends at offset 12392, 100 bytes into record 4, expected whole records of 3073 bytes/,
  );
});

test("refuses a label of 10, with file and offset", (t) => {
  const folder = folderWith(t, { "test_batch.bin": cifarBatch([1, 2, 10]) });
  assert.throws(
    () => loadCifar10({ folder }),
    /test_batch\.bin: label 10 of record 2 at offset 6146, expected 0 … 9\. Is it CIFAR-10 \(not CIFAR-100\)/,
  );
});

test("refuses an empty batch and a missing one", (t) => {
  assert.throws(
    () => loadCifar10({ folder: folderWith(t, { "data_batch_1.bin": Buffer.alloc(0) }) }),
    /data_batch_1\.bin: an empty file, expected whole records/,
  );
  const folder = scratch(t);
  writeAll(folder, { "test_batch.bin": cifarBatch([1]) });
  assert.throws(
    () => loadCifar10({ folder }),
    /data_batch_1\.bin, .*data_batch_5\.bin missing, expected all 6 files of CIFAR-10/,
  );
});

test("without the data, says which command gets it", (t) => {
  assert.throws(
    () => loadCifar10({ folder: scratch(t) }),
    /CIFAR-10: no batches in .*, expected data_batch_1\.bin, .* gradbook data cifar10 fetches them \(about 170 MB\)\.$/,
  );
  assert.throws(
    () => loadCifar10({ folder: "/no/such/folder" }),
    /no such folder, expected the folder that holds/,
  );
});
