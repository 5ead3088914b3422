import { dataError, type GradbookError, shownPath } from "@gradbook/base";
import { readRaw } from "./read-file.js";

/**
 * The IDX files of the MNIST database: a big-endian header, then bytes.
 * Images: magic 0x00000803, count, rows, columns, then count · rows · columns pixels, row by row.
 * Labels: magic 0x00000801, count, then one byte each. (yann.lecun.com/exdb/mnist, "File formats")
 */
export interface IdxImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** The whole raw file; the first pixel is at `first`. */
  readonly bytes: Uint8Array;
  readonly first: 16;
}

export interface IdxLabels {
  /** [count] */
  readonly labels: Uint8Array;
  /** The whole raw file. */
  readonly bytes: Uint8Array;
}

const imageMagic = 0x803;
const labelMagic = 0x801;

/** Reads an image file, raw or .gz. @throws GradbookError naming the file and the offset of the fault */
export function readIdxImages(path: string): IdxImages {
  const bytes = readRaw(path);
  const [count, rows, columns] = readHeader(path, bytes, imageMagic);
  if (rows === 0 || columns === 0) {
    throw fault(path, `${rows}×${columns} pixels at offset 8`, "images of at least one pixel");
  }
  refuseOtherSize(path, bytes, 16, count, rows * columns, "image");
  return { count, rows, columns, bytes, first: 16 };
}

/**
 * Reads a label file, raw or .gz.
 * @param classes each label must be below it
 * @throws GradbookError naming the file and the offset of the fault
 */
export function readIdxLabels(path: string, classes: number): IdxLabels {
  const bytes = readRaw(path);
  const [count] = readHeader(path, bytes, labelMagic);
  refuseOtherSize(path, bytes, 8, count, 1, "label");
  const labels = bytes.subarray(8);
  const bad = labels.findIndex((label) => label >= classes);
  if (bad >= 0) throw fault(path, `label ${labels[bad]} at offset ${8 + bad}`, `0 … ${classes - 1}`);
  return { labels, bytes };
}

/** @returns the numbers behind the magic one: count, then the sizes of one item */
function readHeader(path: string, bytes: Uint8Array, magic: number): number[] {
  const dimensions = magic & 0xff;
  const length = 4 * (dimensions + 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 4 && view.getUint32(0) !== magic) {
    throw fault(
      path,
      `magic number ${hex(view.getUint32(0))} at offset 0`,
      nameOf(magic),
      cureFor(bytes, magic),
    );
  }
  if (bytes.length < length) {
    throw fault(path, `ends at offset ${bytes.length}, inside its header`, `a header of ${length} bytes`);
  }
  const header = Array.from({ length: dimensions }, (_, k) => view.getUint32(4 * (k + 1)));
  if (header[0] === 0) throw fault(path, "a count of 0 at offset 4", "at least one");
  return header;
}

function refuseOtherSize(
  path: string,
  bytes: Uint8Array,
  first: number,
  count: number,
  itemBytes: number,
  item: string,
): void {
  const expected = first + count * itemBytes;
  if (bytes.length === expected) return;
  const promise = `${expected} bytes (${first} of header + ${count} ${item}s · ${itemBytes})`;
  if (bytes.length > expected) {
    throw fault(path, `${bytes.length - expected} extra bytes from offset ${expected} on`, promise);
  }
  const last = Math.floor((bytes.length - first) / itemBytes);
  const got = `ends at offset ${bytes.length}, in ${item} ${last} of ${count}`;
  throw fault(path, got, promise, "The file is cut short: copy or download it again.");
}

function fault(path: string, got: string, expected: string, cure?: string): GradbookError {
  const what = shownPath(path);
  return dataError(what, got, expected, cure);
}

function cureFor(bytes: Uint8Array, magic: number): string {
  const found = (bytes[2] << 8) | bytes[3];
  if (found === (magic === imageMagic ? labelMagic : imageMagic))
    return "Are the image file and the label file swapped?";
  const other = beginnings.find(([start]) => start.every((byte, i) => byte < 0 || bytes[i] === byte));
  return other?.[1] ?? "Is it a file of the MNIST database, raw or .gz?";
}

/** What other files begin with (−1: any byte), and what to do about it. */
const beginnings: readonly (readonly [readonly number[], string])[] = [
  [[0x1f, 0x8b], "It is gzip inside of gzip: unpack it once (gunzip), and leave the inner .gz."],
  [
    [-1, 0x08, 0x00, 0x00],
    'Its bytes are in the wrong order (little-endian); IDX numbers are big-endian. Write it with ">i4" (NumPy).',
  ],
  [[0x50, 0x4b], "It is a zip archive: unpack it first."],
  [[0x93, 0x4e, 0x55, 0x4d], "It is a NumPy file (.npy): an IDX file is needed."],
  [[0x80], "It begins as Python's pickles do: an IDX file is needed."],
  [[0x89, 0x50, 0x4e, 0x47], "It is a PNG picture: an IDX file holds all images of a set."],
  [[0xff, 0xd8], "It is a JPEG picture: an IDX file holds all images of a set."],
  [[0x3c], "It begins like a web page: download the file itself."],
  [[0x76, 0x65, 0x72, 0x73], "It is the pointer of a file in Git LFS: fetch the file itself (git lfs pull)."],
];

function nameOf(magic: number): string {
  return `${hex(magic)} (${magic === imageMagic ? "images" : "labels"})`;
}

function hex(n: number): string {
  return `0x${n.toString(16).padStart(8, "0")}`;
}
