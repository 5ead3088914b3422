import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { deflateSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import { loadImageFolder } from "./image-folder.js";
import { readPicture, resized } from "./picture.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-test-"));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const grey = (width: number, height: number, value: number): Uint8Array =>
  encodePng({ width, height, channels: 1, depth: 8, data: new Uint8Array(width * height).fill(value) });
const jpeg = (width: number, height: number, [r, g, b]: readonly number[]): Uint8Array =>
  encodeJpeg(
    { width, height, data: Uint8Array.from({ length: 4 * width * height }, (_, i) => [r, g, b, 255][i % 4]) },
    95,
  ).data;

/** A PNG by hand: with fewer bits, or a palette. */
function png(
  width: number,
  height: number,
  depth: number,
  type: number,
  rows: readonly number[][],
  palette?: number[],
) {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (name: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const crc = ~body.reduce((c, byte) => crcTable[(c ^ byte) & 255] ^ (c >>> 8), -1) >>> 0;
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc, 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    ...(palette === undefined ? [] : [chunk("PLTE", Uint8Array.from(palette))]),
    chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

const picture = (bytes: Uint8Array) => readPicture(join(folderOf({ "p.png": bytes }), "p.png"));
const firsts = (bytes: Uint8Array) => {
  const { rgb } = picture(bytes);
  return Array.from({ length: rgb.length / 3 }, (_, i) => Math.round(rgb[3 * i]));
};

test("classes by their folders' names, samples by their files' names; other files are left out", () => {
  const folder = folderOf({
    "b/2.PNG": grey(2, 2, 20),
    "b/10.png": grey(2, 2, 10),
    "b/notes.txt": Buffer.from("x"),
    "b/.hidden.png": Buffer.from("x"),
    "a/x.jpeg": jpeg(8, 8, [200, 200, 200]),
    "readme.md": Buffer.from("x"),
    ".git/y.png": Buffer.from("x"),
  });
  const set = loadImageFolder(folder, { size: 1, colour: "grey" });
  assert.deepEqual(
    [set.classNames, Array.from(set.labels), set.shape],
    [
      ["a", "b"],
      [0, 1, 1],
      [1, 1, 1],
    ],
  );
  const out = new Float64Array(3);
  for (let i = 0; i < 3; i++) set.read(i, out, i);
  for (const [i, v] of [200, 10, 20].entries()) assert.ok(Math.abs(out[i] * 255 - v) <= 1, `${out[i] * 255}`);
});

test("colour or grey, another name, other scripts of letters", () => {
  const folder = folderOf({
    "кошки/1.jpg": jpeg(16, 16, [255, 0, 0]),
    "собаки/1.jpg": jpeg(16, 16, [0, 0, 255]),
  });
  const set = loadImageFolder(folder, { size: [2, 3], name: "pets" });
  assert.deepEqual([set.name, set.shape, set.classNames], ["pets", [3, 2, 3], ["кошки", "собаки"]]);
  const out = new Float64Array(18);
  set.read(0, out, 0);
  assert.ok(out[0] > 0.95 && out[6] < 0.05 && out[12] < 0.05, "the red plane first");
  const luma = loadImageFolder(folder, { size: 1, colour: "grey" });
  luma.read(0, out, 0);
  assert.ok(Math.abs(out[0] - 0.299) < 0.02);
});

test("PNG with alpha on white, 16 bits, fewer than 8 bits, a palette", () => {
  const rgba = encodePng({
    width: 2,
    height: 1,
    channels: 4,
    depth: 8,
    data: Uint8Array.of(10, 10, 10, 255, 0, 0, 0, 0),
  });
  assert.deepEqual(firsts(rgba), [10, 255]);
  const deep = encodePng({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(65535, 257) });
  assert.deepEqual(firsts(deep), [255, 1]);
  assert.deepEqual(firsts(png(3, 2, 1, 0, [[0b10100000], [0b01000000]])), [255, 0, 255, 0, 255, 0]);
  assert.deepEqual(firsts(png(3, 1, 2, 0, [[0b00011000]])), [0, 85, 170]);
  assert.deepEqual(firsts(png(3, 1, 4, 3, [[0x02, 0x10]], [9, 0, 0, 8, 0, 0, 7, 0, 0])), [9, 7, 8]);
});

test("a smaller picture is the mean of what it covers, a larger one has the same colours", () => {
  const four = picture(
    encodePng({ width: 4, height: 1, channels: 1, depth: 8, data: Uint8Array.of(0, 100, 200, 40) }),
  );
  assert.deepEqual(Array.from(resized(four, [1, 2], true)), [50, 120]);
  assert.deepEqual(Array.from(resized(four, [1, 1], true)), [85]);
  assert.deepEqual(Array.from(resized(four, [2, 8], true)).slice(0, 8), [0, 0, 100, 100, 200, 200, 40, 40]);
  // 4 pixels in 3: each is a whole one and a third of the next
  assert.deepEqual(Array.from(resized(four, [1, 3], true)), [25, 150, 80]);
});

for (const [title, files, message] of [
  ["no class", { "1.png": grey(1, 1, 0) }, /no folder in it, expected a folder of pictures for each class/],
  [
    "a class without pictures",
    { "a/1.png": grey(1, 1, 0), "b/x.gif": Buffer.from("GIF") },
    /\/b: no \.png or \.jpg file/,
  ],
  [
    "another kind under its name",
    { "a/1.png": Buffer.from("GIF89a") },
    /1\.png: neither PNG nor JPEG by its first bytes/,
  ],
  ["a damaged PNG", { "a/1.png": grey(9, 9, 5).subarray(0, 50) }, /1\.png: a damaged PNG picture/],
  ["a damaged JPEG", { "a/1.jpg": jpeg(8, 8, [1, 2, 3]).subarray(0, 90) }, /1\.jpg: a damaged JPEG picture/],
] as const)
  test(`refused: ${title}`, () =>
    assert.throws(() => loadImageFolder(folderOf(files), { size: 4 }), message));

test("refused: no folder, no size", () => {
  assert.throws(() => loadImageFolder(join(root, "none"), { size: 4 }), /none/);
  assert.throws(
    () => Reflect.apply(loadImageFolder, undefined, ["x", {}]),
    /loadImageFolder: size is missing/,
  );
});
