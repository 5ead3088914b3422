import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteImages, type ByteImagesConfig } from "./byte-images.js";
import { fitChannels, fitMeanImage } from "./fit-normalisation.js";
import { rawBytes } from "./normalisation.js";

// Three records of 1 + 2·1·2 bytes, laid out like CIFAR-10's: a label, then channel 0, then channel 1.
const file = Uint8Array.of(7, 0, 51, 255, 204, 7, 10, 20, 30, 40, 7, 1, 2, 3, 4);
const small: ByteImagesConfig = {
  name: "small",
  source: "a test",
  shape: [2, 1, 2],
  classNames: ["a", "b"],
  pixels: file,
  first: 1,
  stride: 5,
  labels: Uint8Array.of(0, 1, 1),
};

function sample(images: ByteImages, index: number): number[] {
  const out = new Float64Array(4);
  images.read(index, out, 0);
  return [...out];
}

test("a sample is byte / 255, also behind a label and in a larger record", () => {
  const images = new ByteImages(small);
  assert.deepEqual(sample(images, 0), [0, 0.2, 1, 0.8]);
  assert.deepEqual([...images.bytes(2)], [1, 2, 3, 4]);
  const batch = new Float32Array(6).fill(-1);
  images.read(0, batch, 2);
  assert.deepEqual([...batch], [-1, -1, 0, Math.fround(0.2), 1, Math.fround(0.8)]);
});

test("float32 values are byte / 255 rounded once, as PyTorch's ToTensor gives them", () => {
  const all = Uint8Array.from({ length: 256 }, (_, b) => b);
  const images = new ByteImages({
    ...small,
    shape: [1, 16, 16],
    pixels: all,
    first: 0,
    stride: 256,
    labels: Uint8Array.of(0),
  });
  const out = new Float32Array(256);
  images.read(0, out, 0);
  for (let b = 0; b < 256; b++) assert.equal(out[b], Math.fround(Math.fround(b) / Math.fround(255)));
});

test("the mean image is fitted pixel by pixel: (0+10+1)/3 … and subtracted", () => {
  const images = new ByteImages(small);
  const normalisation = fitMeanImage(images);
  assert.deepEqual([...normalisation.mean], [11 / 3, 73 / 3, 288 / 3, 248 / 3]);
  assert.deepEqual(sample(images.normalise(normalisation), 1), [
    10 - 11 / 3,
    20 - 73 / 3,
    30 - 96,
    40 - 248 / 3,
  ]);
  assert.deepEqual(sample(images.normalise(fitMeanImage(images, 255)), 1)[2], (30 - 96) / 255);
});

test("per channel the training part gets mean 0 and deviation 1", () => {
  const images = new ByteImages(small);
  const scaled = images.normalise(fitChannels(images));
  for (const channel of [0, 1]) {
    const values = [0, 1, 2].flatMap((i) => sample(scaled, i).slice(2 * channel, 2 * channel + 2));
    const mean = values.reduce((a, b) => a + b) / 6;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 6;
    assert.ok(Math.abs(mean) < 1e-15 && Math.abs(variance - 1) < 1e-15, `channel ${channel}`);
  }
});

test("a mean per pixel and a divisor per channel go together", () => {
  const mean = Float64Array.of(1, 2, 3, 4);
  const images = new ByteImages({
    ...small,
    normalisation: { name: "mixed", mean, divisor: Float64Array.of(2, 4) },
  });
  assert.deepEqual(sample(images, 1), [(10 - 1) / 2, (20 - 2) / 2, (30 - 3) / 4, (40 - 4) / 4]);
});

test("a subset shares the bytes, keeps labels and order, and may repeat a sample", () => {
  const images = new ByteImages(small);
  const picked = images.subset([2, 0, 2]);
  assert.equal(picked.size, 3);
  assert.deepEqual([...picked.labels], [1, 0, 1]);
  const pixelsOf = (set: ByteImages) => Reflect.get(Reflect.get(set, "config"), "pixels");
  assert.equal(pixelsOf(picked), pixelsOf(images));
  assert.deepEqual(sample(picked.subset([1], "one"), 0), sample(images, 0));
  assert.equal(String(picked), "small, 3 samples: 3 images 2×1×2, 2 classes, 0..1");
});

test("bytes that are changed outside afterwards change neither samples nor digest; changed labels change the digest", () => {
  const pixels = file.slice();
  const images = new ByteImages({ ...small, pixels });
  const [before, digest] = [sample(images, 0), images.digest];
  pixels.fill(9);
  images.bytes(0).fill(7);
  assert.deepEqual(sample(images, 0), before);
  assert.equal(images.digest, digest);
  images.labels[0] = 1 - images.labels[0];
  assert.notEqual(images.digest, digest);
});

test("the digest follows content, not names: pixels, labels, order and normalisation change it", () => {
  const images = new ByteImages(small);
  assert.equal(images.digest, new ByteImages({ ...small, name: "renamed", source: "elsewhere" }).digest);
  assert.equal(images.digest, images.subset([0, 1, 2]).digest);
  assert.equal(images.digest, "2e8a1d098dbb3b081b1d57286cf96867aaaa9a3250525f0cf70c33aa7dc15e84");
  const others = [
    images.subset([0, 2, 1]),
    images.normalise(rawBytes),
    new ByteImages({ ...small, labels: Uint8Array.of(0, 1, 0) }),
    new ByteImages({ ...small, pixels: file.map((b, i) => (i === 3 ? b - 1 : b)) }),
    new ByteImages({ ...small, shape: [1, 2, 2] }),
  ];
  assert.equal(new Set([images, ...others].map((d) => d.digest)).size, 6);
});

test("refuses to read beyond its samples or beyond the memory that it was given", () => {
  const images = new ByteImages(small);
  const out = new Float32Array(4);
  assert.throws(() => images.read(3, out, 0), { message: "small: sample 3, expected 0 … 2." });
  assert.throws(() => images.read(-1, out, 0), { message: "small: sample -1, expected 0 … 2." });
  assert.throws(() => images.read(0, out, 1), {
    message: "small: read: room for 3 numbers at offset 1, expected 4 (2·1·2).",
  });
});

test("refuses what does not fit together", () => {
  const make = (change: Partial<ByteImagesConfig>) => () => new ByteImages({ ...small, ...change });
  assert.throws(make({ labels: Uint8Array.of(0, 1, 1, 0) }), {
    message: "small: 15 bytes of pixels, expected at least 20.",
  });
  assert.throws(make({ labels: Uint8Array.of(0, 2, 1) }), {
    message: "small: label 2 of sample 1, expected 0 … 1.",
  });
  assert.throws(make({ labels: new Uint8Array(0) }), {
    message: "small: no samples, expected at least one.",
  });
  assert.throws(make({ records: Uint32Array.of(0) }), {
    message: "small: 1 records and 3 labels, expected the same number of both.",
  });
  assert.throws(make({ shape: [2, 0, 2] }), {
    message: "small: sample shape [2, 0, 2], expected whole numbers above 0, as [C, H, W].",
  });
  const images = new ByteImages(small);
  assert.throws(
    () => images.normalise({ name: "x", mean: new Float64Array(3), divisor: Float64Array.of(1) }),
    {
      message:
        "small: normalisation: 3 numbers of mean, expected 1, 2 (one per channel) or 4 (one per pixel). Was it fitted on images of another shape?",
    },
  );
  assert.throws(() => images.subset([0, 3]), {
    message: "small: subset: index 3 at position 1, expected a whole number in 0 … 2.",
  });
  assert.throws(() => images.subset([]), { message: "small: subset: no indices, expected at least one." });
  assert.throws(() => fitMeanImage(images, 0), {
    message: "fitMeanImage: divisor is 0, expected a finite number above 0.",
  });
  assert.throws(() => fitChannels(new ByteImages({ ...small, pixels: new Uint8Array(15) })), {
    message: /^fitChannels\(small\): all pixels of channel 0 are 0, expected at least two different values\./,
  });
});
