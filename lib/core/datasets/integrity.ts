import { createHash } from "node:crypto";
import { sha256 } from "@gradbook/base";
import type { PublishedFile } from "./catalogue.js";

/** How a file in memory relates to the published one of the same name. */
export type Verdict =
  | { readonly kind: "same" }
  /** Somebody's own file: nothing in it says that it was the published one. */
  | { readonly kind: "other" }
  /** The published file, with a fault: `got` and `expected` name the offset. */
  | {
      readonly kind: "damaged";
      readonly got: string;
      readonly expected: string;
      /** True when it is only cut short: every whole block is the published one, so nothing else is in it. */
      readonly cut: boolean;
    };

/**
 * Two sums of each block: S = Σ bᵢ and M = Σ (i + 1)·bᵢ, as 8 and 12 hex digits (both stay below 2⁴⁸ in a block of
 * at most 2²⁰ bytes). A change of one byte by δ at i changes them by δ and (i + 1)·δ: the quotient is the place.
 */
export function blockSums(bytes: Uint8Array, blockBytes: number): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const { sum, moment } = sumsOf(bytes.subarray(start, start + blockBytes));
    text += sum.toString(16).padStart(8, "0") + moment.toString(16).padStart(12, "0");
  }
  return text;
}

/** Compares with the published file; looks for the place of a fault only when the SHA-256 differs. */
export function compareWithPublished(bytes: Uint8Array, published: PublishedFile): Verdict {
  if (bytes.length === published.bytes && sha256(bytes) === published.sha256) return { kind: "same" };
  const size = published.blockBytes;
  const whole = Math.floor(Math.min(bytes.length, published.bytes) / size);
  const found = blockSums(bytes.subarray(0, whole * size), size);
  const faults: number[] = [];
  for (let k = 0; k < whole; k++) {
    if (blockOf(found, k) !== blockOf(published.blocks, k)) faults.push(k);
  }
  const expectedBytes = `${published.bytes} bytes, as in the published file`;
  // A fault spares most of a file; in a file of somebody's own nothing fits.
  if (faults.length > whole / 2) return { kind: "other" };
  if (bytes.length !== published.bytes) {
    if (whole === 0) return { kind: "other" };
    const got =
      bytes.length < published.bytes
        ? `ends at offset ${bytes.length}`
        : `has ${bytes.length - published.bytes} bytes more after offset ${published.bytes}`;
    const cut = bytes.length < published.bytes && faults.length === 0;
    return { kind: "damaged", got, expected: expectedBytes, cut };
  }
  // The rest behind the last whole block has sums of its own.
  if (whole * size < bytes.length) {
    if (blockSums(bytes.subarray(whole * size), size) !== blockOf(published.blocks, whole))
      faults.push(whole);
  }
  return locate(bytes, published, faults);
}

function locate(bytes: Uint8Array, published: PublishedFile, faults: readonly number[]): Verdict {
  const expectedHash = `${published.sha256.slice(0, 12)}… as in the published file`;
  if (faults.length === 0) {
    // Bytes that swap places in a way that keeps both sums: no accident does that.
    return {
      kind: "damaged",
      got: `SHA-256 ${sha256(bytes).slice(0, 12)}…`,
      expected: expectedHash,
      cut: false,
    };
  }
  const start = faults[0] * published.blockBytes;
  const block = bytes.subarray(start, Math.min(start + published.blockBytes, bytes.length));
  const now = sumsOf(block);
  const then = parseSums(blockOf(published.blocks, faults[0]));
  const delta = now.sum - then.sum;
  const place = (now.moment - then.moment) / delta - 1;
  if (faults.length === 1 && Number.isInteger(place) && place >= 0 && place < block.length) {
    const at = start + place;
    const right = bytes[at] - delta;
    const hash = createHash("sha256").update(bytes.subarray(0, at));
    hash.update(Uint8Array.of(right)).update(bytes.subarray(at + 1));
    if (right >= 0 && right <= 255 && hash.digest("hex") === published.sha256) {
      const got = `the byte at offset ${at} is ${hex(bytes[at])}`;
      return { kind: "damaged", got, expected: `${hex(right)} as in the published file`, cut: false };
    }
  }
  const places = faults.length === 1 ? "" : `, and in ${faults.length - 1} more blocks like this one`;
  return {
    kind: "damaged",
    got: `damaged between offsets ${start} and ${start + block.length - 1}${places} (SHA-256 ${sha256(bytes).slice(0, 12)}…)`,
    expected: expectedHash,
    cut: false,
  };
}

function sumsOf(block: Uint8Array): { sum: number; moment: number } {
  let sum = 0;
  let moment = 0;
  for (let i = 0; i < block.length; i++) {
    sum += block[i];
    moment += (i + 1) * block[i];
  }
  return { sum, moment };
}

function blockOf(blocks: string, k: number): string {
  return blocks.slice(k * 20, (k + 1) * 20);
}

function parseSums(text: string): { sum: number; moment: number } {
  return { sum: Number.parseInt(text.slice(0, 8), 16), moment: Number.parseInt(text.slice(8), 16) };
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
