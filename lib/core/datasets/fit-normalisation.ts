import { assertMembers, dataError, positive, readOption } from "@gradbook/base";
import type { ByteImages } from "./byte-images.js";
import type { Normalisation } from "./normalisation.js";

/**
 * Subtracts the mean image of the training part, pixel by pixel.
 * Fit it on the training part only and give the result to both: a test image must not touch its own scale.
 * @param divisor what the difference is divided by: 1 (default) keeps −255 … 255, 255 gives −1 … 1
 * @throws GradbookError when the set does not keep its images as bytes, or the divisor is not above 0
 *
 * @example
 * ```ts
 * import { fitMeanImage, loadMnist } from "gradbook";
 *
 * const { train, test } = loadMnist({ heldOut: true });
 * const normalisation = fitMeanImage(train, 255);
 * console.log(test.normalise(normalisation).normalisation.name); // minus the mean image, divided by 255
 * ```
 */
export function fitMeanImage(train: ByteImages, divisor = 1): Normalisation {
  assertImages("fitMeanImage", train);
  readOption("fitMeanImage", "divisor", positive(), divisor);
  const pixels = train.shape.reduce((a, b) => a * b, 1);
  const sums = new Float64Array(pixels); // sums of integers below 2^53: exact, so their order does not matter
  for (let i = 0; i < train.size; i++) {
    const image = train.bytes(i);
    for (let p = 0; p < pixels; p++) sums[p] += image[p];
  }
  const mean = sums.map((sum) => sum / train.size);
  const name = divisor === 1 ? "minus the mean image" : `minus the mean image, divided by ${divisor}`;
  return { name, mean, divisor: Float64Array.of(divisor) };
}

/**
 * Mean 0 and standard deviation 1 in each channel of the training part (biased: divided by the number of pixels).
 * Fit it on the training part only and give the result to both.
 * @throws GradbookError when the set does not keep its images as bytes
 *
 * @example
 * ```ts
 * import { fitChannels, loadMnist } from "gradbook";
 *
 * const { train } = loadMnist({ heldOut: true });
 * const { mean, divisor } = fitChannels(train); // in units of a byte, one per channel
 * console.log(mean[0].toFixed(1), divisor[0].toFixed(1)); // 33.5 78.8
 * ```
 */
export function fitChannels(train: ByteImages): Normalisation {
  assertImages("fitChannels", train);
  const channels = train.shape[0];
  const area = train.shape.reduce((a, b) => a * b, 1) / channels;
  const mean = new Float64Array(channels);
  const divisor = new Float64Array(channels);
  // Counts first: Σ over 256 values in one fixed order needs no care for rounding over 51 million pixels.
  const counts = new Float64Array(channels * 256);
  for (let i = 0; i < train.size; i++) {
    const image = train.bytes(i);
    for (let p = 0; p < image.length; p++) counts[Math.floor(p / area) * 256 + image[p]]++;
  }
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let v = 0; v < 256; v++) sum += v * counts[c * 256 + v];
    mean[c] = sum / (train.size * area);
    let squares = 0;
    for (let v = 0; v < 256; v++) squares += (v - mean[c]) * (v - mean[c]) * counts[c * 256 + v];
    divisor[c] = Math.sqrt(squares / (train.size * area));
    if (divisor[c] === 0) {
      throw dataError(
        `fitChannels(${train.name})`,
        `all pixels of channel ${c} are ${mean[c]}`,
        "at least two different values",
        "A constant channel has no standard deviation: drop it or use fitMeanImage.",
      );
    }
  }
  return { name: "mean 0, deviation 1 per channel", mean, divisor };
}

function assertImages(what: string, train: ByteImages): void {
  assertMembers(what, "the training part", train, {
    expected: "images in bytes",
    has: ["bytes", "shape", "size"],
    cure: "loadMnist().train and loadCifar10().train are such; new ByteImages(…) makes them of bytes.",
  });
}
