import { createHash, type Hash } from "node:crypto";
import {
  count,
  dataError,
  type Given,
  inWords,
  list,
  number,
  options,
  type Parsed,
  readOption,
  shapeError,
  text,
  typedArray,
} from "@gradbook/base";
import type { Dataset } from "./dataset.js";
import { assertRoom, littleEndianFloats, pickIndices, sampleCount } from "./dataset-parts.js";
import { type Normalisation, normalisationOption, unitScale } from "./normalisation.js";
import { markOwnSet } from "./samples.js";

const byteImagesOptions = {
  /** What a caption calls the set. */
  name: text(),
  /** Where the images come from, in plain words. */
  source: text(),
  /** Shape of one image: [C, H, W], C-major as in the files of CIFAR-10. */
  shape: list(number(), "the sizes of one image, [C, H, W]"),
  /** One word per class. */
  classNames: list(text(), "a list of names"),
  /** A whole file, or several of them one behind the other; copied once, never changed. */
  pixels: typedArray<Uint8Array>("Uint8Array"),
  /** Class of each sample: [size]. */
  labels: typedArray<Uint8Array>("Uint8Array"),
  /**
   * Byte of `pixels` at which record 0 has its first pixel.
   * @default 0
   */
  first: count(0).or(0),
  /**
   * Bytes from one record to the next.
   * @default C·H·W
   */
  stride: count(0).optional(),
  /**
   * The record that each sample shows: [size].
   * @default 0, 1, 2 …
   */
  records: typedArray<Uint32Array>("Uint32Array").optional(),
  /**
   * How a byte becomes a number.
   * @default unitScale
   */
  normalisation: normalisationOption().or(unitScale),
};
/**
 * What `new ByteImages` takes.
 * @interface
 */
export type ByteImagesConfig = Given<typeof byteImagesOptions>;

/**
 * Images that stay bytes: one per pixel, shared by all subsets and normalisations of the same files.
 * A sample turns into numbers when it is read: `value = (byte − mean) / divisor`.
 *
 * @throws GradbookError when the bytes end before the last image, or a label is not below the number of classes
 *
 * @example
 * ```ts
 * import { ByteImages } from "gradbook";
 *
 * const images = new ByteImages({
 *   name: "checks",
 *   source: "made by hand",
 *   shape: [1, 2, 2],
 *   classNames: ["rising", "falling"],
 *   pixels: Uint8Array.of(0, 255, 255, 0, 255, 0, 0, 255), // two images, row by row
 *   labels: Uint8Array.of(0, 1),
 * });
 * console.log(`${images}`); // checks: 2 images 1×2×2, 2 classes, 0..1
 * ```
 */
export class ByteImages implements Dataset {
  readonly name: string;
  readonly source: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly classes: number;
  readonly classNames: readonly string[];
  readonly labels: Uint8Array;
  /** How a byte becomes a number. */
  readonly normalisation: Normalisation;

  private readonly config: Parsed<typeof byteImagesOptions>;
  private readonly pixelCount: number;
  private readonly values: ValueOfByte;
  private hashed: Hash | undefined;

  /** @throws GradbookError when the bytes end before the last image, or a label is not below the number of classes */
  constructor(config: ByteImagesConfig) {
    const given = options("ByteImages", byteImagesOptions, config);
    this.config = Object.freeze({ ...given, pixels: ownBytes(given.pixels) });
    this.name = config.name;
    this.source = config.source;
    this.shape = Object.freeze([...config.shape]);
    this.classNames = config.classNames;
    this.classes = config.classNames.length;
    this.labels = Uint8Array.from(config.labels);
    this.size = config.labels.length;
    this.normalisation = given.normalisation;
    this.pixelCount = sampleCount(this.name, this.shape);
    this.refuseBadRecords();
    this.values = valueOfByte(this.name, this.normalisation, this.shape[0], this.pixelCount);
    markOwnSet(this, ByteImages.prototype, ["config", "values", "size", "classes", "shape", "pixelCount"]);
  }

  get digest(): string {
    this.hashed ??= this.hashPixels();
    // labels may be changed from outside
    return this.hashed.copy().update(this.labels).digest("hex");
  }

  read(index: number, out: Float32Array | Float64Array, offset: number): void {
    const { pixels } = this.config;
    const start = this.startOf(index);
    const count = this.pixelCount;
    assertRoom(this.name, out, offset, this.shape, count);
    const { table, mean, divisor } = this.values;
    if (table === undefined) {
      for (let p = 0; p < count; p++) out[offset + p] = (pixels[start + p] - mean[p]) / divisor[p];
      return;
    }
    const channels = table.length / 256; // 1 when all channels are normalised alike
    const area = count / channels;
    for (let c = 0, p = 0; c < channels; c++) {
      for (const end = p + area; p < end; p++) out[offset + p] = table[c * 256 + pixels[start + p]];
    }
  }

  /** The bytes of sample `index` as they are in the file, [C·H·W]. */
  bytes(index: number): Uint8Array {
    return this.view(index).slice();
  }

  private view(index: number): Uint8Array {
    const start = this.startOf(index);
    return this.config.pixels.subarray(start, start + this.pixelCount);
  }

  /**
   * The samples `indices`, in that order; the pixels stay shared. An index may come twice.
   * @throws GradbookError when an index is out of range
   */
  subset(indices: ArrayLike<number>, name?: string): ByteImages {
    const picked = pickIndices(this.name, this.size, indices);
    return new ByteImages({
      ...this.config,
      name: name ?? `${this.name}, ${picked.length} samples`,
      labels: Uint8Array.from(picked, (i) => this.labels[i]),
      records: picked.map((i) => this.recordOf(i)),
    });
  }

  /** The same images under another normalisation; the bytes stay shared. */
  normalise(normalisation: Normalisation): ByteImages {
    readOption("ByteImages.normalise", "normalisation", normalisationOption(), normalisation);
    return new ByteImages({ ...this.config, normalisation });
  }

  /** `MNIST train, 100 per class: 1000 images 1×28×28, 10 classes, 0..1` */
  toString(): string {
    const shape = this.shape.join("×");
    return `${this.name}: ${this.size} images ${shape}, ${this.classes} classes, ${this.normalisation.name}`;
  }

  private recordOf(index: number): number {
    return this.config.records === undefined ? index : this.config.records[index];
  }

  private startOf(index: number): number {
    if (!(typeof index === "number" && index >= 0 && index < this.size)) {
      throw dataError(this.name, `sample ${inWords(index)}`, `0 … ${this.size - 1}`);
    }
    const { first, stride = this.pixelCount } = this.config;
    return first + this.recordOf(index) * stride;
  }

  private refuseBadRecords(): void {
    const { pixels, records, labels } = this.config;
    if (this.size === 0) throw dataError(this.name, "no samples", "at least one");
    if (records !== undefined && records.length !== labels.length) {
      throw dataError(
        this.name,
        `${records.length} records and ${labels.length} labels`,
        "the same number of both",
      );
    }
    let last = this.size - 1;
    if (records !== undefined) last = records.reduce((a, b) => Math.max(a, b));
    const { first, stride = this.pixelCount } = this.config;
    const needed = first + last * stride + this.pixelCount;
    if (needed > pixels.length)
      throw dataError(this.name, `${pixels.length} bytes of pixels`, `at least ${needed}`);
    const bad = labels.findIndex((label) => label >= this.classes);
    if (bad >= 0)
      throw dataError(this.name, `label ${labels[bad]} of sample ${bad}`, `0 … ${this.classes - 1}`);
  }

  private hashPixels(): Hash {
    const { mean, divisor } = this.normalisation;
    const hash = createHash("sha256");
    hash.update(
      `images ${this.size} × ${this.shape.join(" × ")}\nmean ${mean.length}\ndivisor ${divisor.length}\n`,
    );
    hash.update(littleEndianFloats(mean)).update(littleEndianFloats(divisor));
    for (let i = 0; i < this.size; i++) hash.update(this.view(i));
    return hash;
  }
}

/** Bytes that nobody outside can change. */
const owned = new WeakSet<Uint8Array>();

function ownBytes(pixels: Uint8Array): Uint8Array {
  const bytes = owned.has(pixels) ? pixels : pixels.slice();
  owned.add(bytes);
  return bytes;
}

/** For a loader: bytes that it has read or made itself need no copy. */
export function withoutCopy(bytes: Uint8Array): Uint8Array {
  owned.add(bytes);
  return bytes;
}

interface ValueOfByte {
  /** Of byte b in channel c at [c · 256 + b], 1 or C channels; undefined when each pixel is normalised by itself. */
  readonly table: Float64Array | undefined;
  /** [C·H·W] when there is no table. */
  readonly mean: Float64Array;
  /** [C·H·W] when there is no table. */
  readonly divisor: Float64Array;
}

function valueOfByte(what: string, config: Normalisation, channels: number, pixelCount: number): ValueOfByte {
  for (const part of ["mean", "divisor"] as const) {
    if ([1, channels, pixelCount].includes(config[part].length)) continue;
    throw shapeError(
      `${what}: normalisation`,
      `${config[part].length} numbers of ${part}`,
      `1, ${channels} (one per channel) or ${pixelCount} (one per pixel)`,
      "Was it fitted on images of another shape?",
    );
  }
  const rows = Math.max(config.mean.length, config.divisor.length);
  if (rows > channels) {
    return {
      table: undefined,
      mean: spread(config.mean, pixelCount),
      divisor: spread(config.divisor, pixelCount),
    };
  }
  const mean = spread(config.mean, rows);
  const divisor = spread(config.divisor, rows);
  const table = Float64Array.from({ length: rows * 256 }, (_, i) => {
    const c = Math.floor(i / 256);
    return ((i % 256) - mean[c]) / divisor[c];
  });
  return { table, mean, divisor };
}

/** [1] or [C] → [n], each number standing for its n / length neighbours. */
function spread(numbers: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => numbers[Math.floor((i * numbers.length) / n)]);
}
