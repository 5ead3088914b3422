import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** An empty folder that goes away with the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** IDX images: `pixel(i, p)` is pixel p of image i. */
export function idxImages(
  count: number,
  side: number,
  pixel: (image: number, at: number) => number = (i, p) => (i * 31 + p) % 256,
): Buffer {
  const header = Buffer.alloc(16);
  [0x803, count, side, side].forEach((n, k) => {
    header.writeUInt32BE(n, 4 * k);
  });
  const pixels = Buffer.from(
    Array.from({ length: count * side * side }, (_, k) =>
      pixel(Math.floor(k / (side * side)), k % (side * side)),
    ),
  );
  return Buffer.concat([header, pixels]);
}

export function idxLabels(labels: readonly number[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x801, 0);
  header.writeUInt32BE(labels.length, 4);
  return Buffer.concat([header, Buffer.from(labels)]);
}

/** CIFAR-10 records with these labels; each image is one colour, its number. */
export function cifarBatch(labels: readonly number[]): Buffer {
  return Buffer.concat(labels.map((label, i) => Buffer.concat([Buffer.of(label), Buffer.alloc(3072, i)])));
}

export function writeAll(folder: string, files: Readonly<Record<string, Buffer>>): void {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
}
