import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  adam,
  arrayDataset,
  avgPool2d,
  balancedSubset,
  batchNorm2d,
  conv2d,
  type Dataset,
  evaluate,
  fit,
  linear,
  loadCifar10,
  loadMnist,
  predict,
  sequential,
  sgd,
  softmax,
  Tensor,
} from "gradbook";

// Input whose cause was once missed: the message names the cause that was found, and the cure is that cause's.

const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
after(() => rmSync(folder, { recursive: true }));

/** A folder with these files. */
let folders = 0;
function withFiles(files: Readonly<Record<string, Uint8Array>>): string {
  const path = join(folder, String(folders++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  return path;
}

const net = () => sequential([linear({ in: 4, out: 10 })], { input: [4] });
const labelled = (labels: readonly number[], classNames?: readonly string[]): Dataset =>
  arrayDataset(new Float32Array(4 * labels.length), labels, [4], classNames && { classNames });
const upTo = (n: number, from: number) => Array.from({ length: n }, (_, i) => i + from);
const call = (f: (...given: never[]) => unknown, ...given: unknown[]): unknown =>
  Reflect.apply(f, undefined, given);

/** Two images, or their labels, as MNIST's files have them. */
function idx(magic: number, ...sizes: readonly number[]): Buffer {
  const header = Buffer.from(Uint32Array.of(magic, ...sizes).buffer).swap32();
  return Buffer.concat([header, Buffer.alloc(sizes.reduce((a, b) => a * b, 1))]);
}
const images = idx(0x803, 2, 28, 28);
const mnist = (name: string, first: Uint8Array) => () =>
  loadMnist({
    folder: withFiles({
      [name]: first,
      "train-labels-idx1-ubyte": idx(0x801, 2),
      "t10k-images-idx3-ubyte": images,
      "t10k-labels-idx1-ubyte": idx(0x801, 2),
    }),
  });
const first = "train-images-idx3-ubyte";
const cifarNames = [...upTo(5, 1).map((i) => `data_batch_${i}.bin`), "test_batch.bin"];
const cifar = (files: Readonly<Record<string, Uint8Array>>) => () =>
  loadCifar10({ folder: withFiles(files) });
const cifarOf = (bytes: Uint8Array) => cifar(Object.fromEntries(cifarNames.map((name) => [name, bytes])));

const table: readonly (readonly [string, () => unknown, RegExp])[] = [
  // labels
  [
    "labels 1 … 10 for ten outputs",
    () => fit(net(), { train: labelled(upTo(10, 1)), optimizer: sgd({ lr: 0.1 }) }),
    /labels 1 … 10 for a model with 10 outputs, expected labels 0 … 9\. .*no sample has class 0: subtract 1/,
  ],
  [
    "labels 100 … 104 for ten outputs",
    () => evaluate(net(), labelled(upTo(5, 100))),
    /labels 100 … 104 .*subtract 100 from each/,
  ],
  [
    "eleven real classes for ten outputs",
    () => fit(net(), { train: labelled(upTo(11, 0)), optimizer: sgd({ lr: 0.1 }) }),
    /11 classes for a model with the output \[10\].*linear\(\{ in: …, out: 11 \}\)/,
  ],
  [
    "labels 1, 2 for two names",
    () => labelled([1, 2], ["cat", "dog"]),
    /label 2 of sample 1, expected a whole number in 0 … 1\. .*subtract 1/,
  ],
  [
    "labels 0, 2 for two names",
    () => labelled([0, 2], ["cat", "dog"]),
    /label 2 of sample 1, expected .* 1\.$/,
  ],
  [
    "balancedSubset without class 0",
    () => balancedSubset(labelled([1, 2, 1, 2]), { perClass: 1 }),
    /0 samples of class 0 \(0\), expected at least 1\. .*no sample has class 0: subtract 1/,
  ],
  [
    "balancedSubset without a class in the middle",
    () => balancedSubset(labelled([0, 2]), { perClass: 1 }),
    /0 samples of class 1 \(1\).*without gaps, from 0/,
  ],
  [
    "balancedSubset with too few",
    () => balancedSubset(labelled([0, 1, 1]), { perClass: 2 }),
    /The smallest class allows perClass: 1\./,
  ],
  // shapes
  [
    "grey images without their channel",
    () => sequential([conv2d({ in: 1, out: 2, kernel: 3 })], { input: [28, 28] }),
    /conv1 \(after \[28, 28\]\): a sample has the shape \[28, 28\], expected 3 axes \[C, H, W\]\. .* input: \[1, 28, 28\]/,
  ],
  [
    "the same for a pool and a batch norm",
    () => sequential([avgPool2d({ kernel: 2 }), batchNorm2d({ features: 1 })], { input: [8, 8] }),
    /pool1 .* input: \[1, 8, 8\]/,
  ],
  [
    "a batch without N, in forward",
    () => conv2d({ in: 1, out: 2, kernel: 3 }).forward(Tensor.zeros([1, 28, 28])),
    /conv2d: the input has the shape \[1, 28, 28\], expected 4 axes.*a single sample has N = 1/,
  ],
  [
    "images for a linear layer",
    () => sequential([linear({ in: 784, out: 10 })], { input: [1, 28, 28] }),
    /a sample has the shape \[1, 28, 28\], expected 1 axis \[I\]\. A flatten\(\) before it/,
  ],
  // softmax
  [
    "softmax as a layer",
    () => call(sequential, [linear({ in: 4, out: 2 }), softmax], { input: [4] }),
    /layer 2 is the function softmax, expected a layer\. Leave it out: softmaxCrossEntropy/,
  ],
  [
    "softmax()",
    () => call(softmax),
    /logits is missing, expected a Tensor\. It is a function of scores, not a layer/,
  ],
  // what predict takes
  [
    "predict of an array of another size",
    () => predict(net(), new Float32Array(3)),
    /a list of 3 numbers, expected 4/,
  ],
  [
    "predict of a tensor of another shape",
    () => predict(net(), Tensor.zeros([1, 1, 28, 28])),
    /\[N, 4\] or \[4\]/,
  ],
  // numbers
  [
    "nested lists",
    () =>
      call(
        arrayDataset,
        [
          [1, 2],
          [3, 4],
        ],
        [0, 1],
        [2],
      ),
    /x is a list of 2.* Float32Array\.from\(x\.flat\(Infinity\)\)/,
  ],
  [
    "a flat list",
    () => call(arrayDataset, [1, 2, 3, 4], [0, 1], [2]),
    /Float32Array\.from\(numbers\) makes x of a list/,
  ],
  ["a rate in quotes", () => call(adam, { lr: "0.1" }), /lr is "0\.1", expected a number of at least 0/],
  ["a momentum in quotes", () => call(sgd, { lr: 0.1, momentum: "0.9" }), /momentum is "0\.9"/],
  ["nesterov as a word", () => call(sgd, { lr: 0.1, momentum: 0.9, nesterov: "no" }), /nesterov is "no"/],
  [
    "threads in quotes",
    () => call(fit, net(), { train: labelled([0]), optimizer: sgd({ lr: 1 }), threads: "2" }),
    /threads is "2"/,
  ],
  [
    "a class in place of a set",
    () => call(fit, net(), { train: class MySet {}, optimizer: sgd({ lr: 1 }) }),
    /train is the class MySet, expected a data set\. Make one: new MySet\(\)/,
  ],
  // CIFAR
  [
    "CIFAR-10's Python version",
    cifar({ "cifar-10-batches-py/data_batch_1": Buffer.from([0x80, 2]) }),
    /Python version, which is pickled: the binary version is needed/,
  ],
  ["CIFAR-10's Matlab version", cifar({ "data_batch_1.mat": Buffer.from("MATLAB") }), /Matlab version/],
  [
    "CIFAR-100's binary version",
    cifar({ "cifar-100-binary/train.bin": Buffer.alloc(9), "cifar-100-binary/test.bin": Buffer.alloc(9) }),
    /train and test are CIFAR-100's files/,
  ],
  [
    "an empty folder",
    cifar({ "readme.txt": Buffer.from("x") }),
    /no batches in .*gradbook data cifar10 fetches them/,
  ],
  [
    "CIFAR-100 under CIFAR-10's names",
    cifarOf(Buffer.alloc(4 * 3074)),
    /3074 bytes, with two labels each: that is CIFAR-100/,
  ],
  ["pickles under the binary names", cifarOf(Buffer.from([0x80, 2, 9])), /begins as Python's pickles do/],
  ["a batch that is cut short", cifarOf(Buffer.alloc(3073 + 5)), /5 bytes into record 1.*cut short/],
  // MNIST
  [
    "gzip inside of gzip",
    mnist(`${first}.gz`, gzipSync(gzipSync(images))),
    /gzip inside of gzip: unpack it once/,
  ],
  [
    "little-endian numbers",
    mnist(first, Buffer.concat([Buffer.from(images.subarray(0, 16)).swap32(), images.subarray(16)])),
    /magic number 0x03080000 .*wrong order \(little-endian\)/,
  ],
  [
    "a zip archive",
    mnist(first, Buffer.from("PK\x03\x04 and so on and on")),
    /a zip archive: unpack it first/,
  ],
  ["a NumPy file", mnist(first, Buffer.from("\x93NUMPY and so on and on", "latin1")), /NumPy file/],
  ["a picture", mnist(first, Buffer.from("\x89PNG\r\n and so on and on", "latin1")), /PNG picture/],
  ["a page", mnist(first, Buffer.from("<!DOCTYPE html> and so on")), /web page: download the file itself/],
  ["a pointer of Git LFS", mnist(first, Buffer.from("version https://git-lfs")), /Git LFS/],
  [
    "labels in place of images",
    mnist(first, idx(0x801, 2)),
    /Are the image file and the label file swapped\?/,
  ],
  [
    "something else",
    mnist(first, Buffer.from("something else altogether")),
    /Is it a file of the MNIST database/,
  ],
];

for (const [title, run, message] of table) test(title, () => assert.throws(run, message));
