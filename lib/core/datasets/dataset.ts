/**
 * Labelled samples, as `fit` consumes them. Samples are read one by one into memory of the caller, so that a
 * batch can be converted on the fly and the whole of CIFAR-10 stays 184 MB of bytes.
 *
 * A set of your own is an object with these members. `arrayDataset` makes one of numbers, which is mostly all that is
 * needed; what changes samples during training belongs into `fit`'s `augment`, not into `read`.
 */
export interface Dataset {
  /** What a caption calls it: "MNIST train, 100 per class". */
  readonly name: string;
  /** Number of samples. */
  readonly size: number;
  /** Shape of one sample, images as [C, H, W]. */
  readonly shape: readonly number[];
  /** Number of classes; each label is below it. 0 for a set with `targets`. */
  readonly classes: number;
  /** Class of each sample, a whole number in 0 … classes − 1: [size]. Empty for a set with `targets`. */
  readonly labels: Labels;
  /**
   * What the model's outputs are compared with where that is numbers and no class: regression, several yes-or-no answers,
   * a picture.
   * @default none: a set of classes
   */
  readonly targets?: Targets;
  /** One word per class: [classes]. */
  readonly classNames: readonly string[];
  /** Where the samples come from, in plain words; says it when test images are held-out training images. */
  readonly source: string;
  /**
   * SHA-256 (hex) over shape, normalisation, pixels and labels, in this order. A run believes only the library's own
   * sets; of every other it takes the digest of what `read` gives.
   */
  readonly digest: string;
  /**
   * Writes sample `index`, normalised, to `out[offset] … out[offset + Π shape − 1]`, all of it, and returns nothing. A set
   * that is not the library's own gets room for exactly one sample, and the offset 0.
   * @param index 0 … size − 1
   */
  read(index: number, out: Float32Array | Float64Array, offset: number): void;
  /**
   * true: `read` always writes the same numbers for an index, so that they may be kept. Of a set that is not the library's
   * own and does not say so, each sample is read each time it is used.
   * @default false
   */
  readonly cacheable?: boolean;
  /**
   * The samples `indices`, in that order; the pixels stay shared. An index may come twice.
   * @param name what a caption calls the subset; by default "NAME, n samples"
   */
  subset(indices: ArrayLike<number>, name?: string): Dataset;
}

/** Class numbers: bytes up to 256 classes. */
export type Labels = Uint8Array | Uint16Array;

/** The numbers that belong to the samples of a set. */
export interface Targets {
  /** Shape of one sample's target: the model's output. */
  readonly shape: readonly number[];
  /** Writes the target of sample `index` to `out[offset] … out[offset + Π shape − 1]`, as the set's own `read` does. */
  read(index: number, out: Float32Array | Float64Array, offset: number): void;
}

/** What a random subset needs of a random number generator: `Rng` of lib/tensor has it. */
export interface IntegerSource {
  /** An integer, uniform in 0 … n − 1. */
  int(n: number): number;
}
