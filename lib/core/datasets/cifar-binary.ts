import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dataError, onDisk, shownPath } from "@gradbook/base";

/**
 * The binary batches of CIFAR-10: records of 1 byte of label and 3·32·32 bytes of pixels (red, green, blue plane,
 * each row by row), nothing else. (cs.toronto.edu/~kriz/cifar.html, "Binary version")
 */
export const cifarRecord = { bytes: 3073, first: 1, shape: [3, 32, 32], classes: 10 } as const;

export interface CifarBatches {
  /** The files one behind the other, as they are. */
  readonly bytes: Uint8Array;
  /** [records] */
  readonly labels: Uint8Array;
  /** Each file's part of `bytes`, in the order of the paths. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Reads batches into one piece of memory.
 * @throws GradbookError naming the file and the offset: a record cut short, a label of 10 or more, an empty file
 */
export function readCifarBatches(paths: readonly string[]): CifarBatches {
  const sizes = paths.map((path) => onDisk({ path, doing: "read" }, () => sizeOf(path)));
  const bytes = new Uint8Array(sizes.reduce((a, b) => a + b, 0));
  const labels = new Uint8Array(bytes.length / cifarRecord.bytes);
  let start = 0;
  const parts = paths.map((path, k) => {
    const part = bytes.subarray(start, start + sizes[k]);
    start += sizes[k];
    onDisk({ path, doing: "read" }, () => readInto(path, part));
    return part;
  });
  paths.forEach((path, k) => {
    refuseBadLabels(path, parts[k]);
  });
  for (let i = 0; i < labels.length; i++) labels[i] = bytes[i * cifarRecord.bytes];
  return { bytes, labels, parts };
}

function sizeOf(path: string): number {
  const { size } = statSync(path);
  const rest = size % cifarRecord.bytes;
  if (size > 0 && rest === 0) return size;
  throw dataError(
    shownPath(path),
    size === 0
      ? "an empty file"
      : `ends at offset ${size}, ${rest} bytes into record ${(size - rest) / cifarRecord.bytes}`,
    "whole records of 3073 bytes (1 label, 3·32·32 pixels)",
    size > 0 && size % 3074 === 0
      ? "Its size is one of records of 3074 bytes, with two labels each: that is CIFAR-100, not CIFAR-10."
      : startsWith(path, [0x80])
        ? "It begins as Python's pickles do: the binary version is needed (gradbook data cifar10 fetches it)."
        : "The batch is cut short: copy it again, or run gradbook data cifar10.",
  );
}

function startsWith(path: string, bytes: readonly number[]): boolean {
  const start = new Uint8Array(bytes.length);
  const file = openSync(path, "r");
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  return bytes.every((byte, i) => start[i] === byte);
}

function readInto(path: string, target: Uint8Array): void {
  const file = openSync(path, "r");
  try {
    for (let done = 0; done < target.length; ) {
      const read = readSync(file, target, done, target.length - done, done);
      if (read === 0) {
        const got = `ended at offset ${done} while it was read`;
        throw dataError(shownPath(path), got, `${target.length} bytes`);
      }
      done += read;
    }
  } finally {
    closeSync(file);
  }
}

function refuseBadLabels(path: string, part: Uint8Array): void {
  for (let at = 0; at < part.length; at += cifarRecord.bytes) {
    if (part[at] < cifarRecord.classes) continue;
    throw dataError(
      shownPath(path),
      `label ${part[at]} of record ${at / cifarRecord.bytes} at offset ${at}`,
      "0 … 9",
      "Is it CIFAR-10 (not CIFAR-100), binary version, undamaged?",
    );
  }
}
