import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { idxImages, idxLabels, scratch } from "./fixtures.test.helper.js";
import { readIdxImages, readIdxLabels } from "./idx.js";

const images = idxImages(3, 4);

function file(t: TestContext, bytes: Buffer): string {
  const path = join(scratch(t), "digits");
  writeFileSync(path, bytes);
  return path;
}

test("images: raw and .gz give the same; gzip is known by its content", (t) => {
  for (const bytes of [images, gzipSync(images)]) {
    const found = readIdxImages(file(t, bytes));
    assert.deepEqual([found.count, found.rows, found.columns], [3, 4, 4]);
    assert.deepEqual([...found.bytes.subarray(found.first + 16, found.first + 19)], [31, 32, 33]);
  }
});

test("labels", (t) => {
  assert.deepEqual([...readIdxLabels(file(t, idxLabels([3, 1, 4])), 10).labels], [3, 1, 4]);
});

function edited(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value, at);
  return copy;
}

const refusals: readonly [title: string, bytes: Buffer, words: RegExp][] = [
  [
    "a label file instead of images",
    idxLabels([1]),
    /digits: magic number 0x00000801 at offset 0, expected 0x00000803 \(images\)\. Are the image file and the label file swapped\?$/,
  ],
  [
    "a web page",
    Buffer.from("<!DOCTYPE html>"),
    /magic number 0x3c21444f at offset 0, .* It begins like a web page/,
  ],
  ["another magic number", edited(images, 0, 0xd03), /magic number 0x00000d03 at offset 0/],
  ["an empty file", Buffer.alloc(0), /ends at offset 0, inside its header, expected a header of 16 bytes/],
  ["a header cut short", images.subarray(0, 15), /ends at offset 15, inside its header/],
  ["no images", edited(images, 4, 0), /a count of 0 at offset 4, expected at least one/],
  ["images without pixels", edited(images, 8, 0), /0×4 pixels at offset 8/],
  [
    "a file cut short",
    images.subarray(0, 16 + 16 + 5),
    /ends at offset 37, in image 1 of 3, expected 64 bytes \(16 of header \+ 3 images · 16\)\. The file is cut short/,
  ],
  ["a file cut by one byte", images.subarray(0, 63), /ends at offset 63, in image 2 of 3/],
  [
    "an appendix",
    Buffer.concat([images, Buffer.of(0, 0)]),
    /2 extra bytes from offset 64 on, expected 64 bytes/,
  ],
];

for (const [title, bytes, words] of refusals) {
  test(`images: refuses ${title}`, (t) => {
    assert.throws(() => readIdxImages(file(t, bytes)), words);
    assert.throws(() => readIdxImages(file(t, gzipSync(bytes))), words);
  });
}

test("labels: refuses a label out of range, with its offset", (t) => {
  assert.throws(
    () => readIdxLabels(file(t, idxLabels([3, 10, 4])), 10),
    /digits: label 10 at offset 9, expected 0 … 9\.$/,
  );
});

test("labels: refuses more labels than the file holds", (t) => {
  const path = file(t, edited(idxLabels([1, 2]), 4, 3));
  assert.throws(() => readIdxLabels(path, 10), /ends at offset 10, in label 2 of 3, expected 11 bytes/);
});

test("refuses a .gz that is cut, damaged or closed with another checksum, with the offset", (t) => {
  const packed = gzipSync(idxImages(100, 8, (i, p) => (i * 7919 + p * p * 31) % 256));
  assert.throws(
    () => readIdxImages(file(t, packed.subarray(0, 500))),
    /digits: the gzip data ends at offset 500, before its end marker, expected a whole \.gz file\. Copy/,
  );
  const last = packed.length - 8;
  const checksum = Buffer.from(packed);
  checksum[last] ^= 1;
  assert.throws(
    () => readIdxImages(file(t, checksum)),
    new RegExp(`the checksum at offset ${last} does not match`),
  );
  const damaged = Buffer.from(packed);
  damaged[10] = 0xff; // block type 3, which deflate does not have
  assert.throws(() => readIdxImages(file(t, damaged)), /the gzip data is damaged at or before offset 10,/);
});

test("refuses a file that is not there and a folder", (t) => {
  const folder = scratch(t);
  assert.throws(() => readIdxImages(join(folder, "none")), /none: there is no such file\. Check the path/);
  assert.throws(() => readIdxImages(folder), /: it is a folder\. Name a file\./);
});
