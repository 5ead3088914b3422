/**
 * Labelled samples, as `fit` consumes them. Samples are read one by one into memory of the caller, so that a
 * batch can be converted on the fly and the whole of CIFAR-10 stays 184 MB of bytes.
 */
export interface Dataset {
  /** What a caption calls it: "MNIST train, 100 per class". */
  readonly name: string;
  /** Number of samples. */
  readonly size: number;
  /** Shape of one sample, images as [C, H, W]. */
  readonly shape: readonly number[];
  /** Number of classes; each label is below it. */
  readonly classes: number;
  /** Class of each sample: [size]. */
  readonly labels: Uint8Array;
  /** One word per class: [classes]. */
  readonly classNames: readonly string[];
  /** Where the samples come from, in plain words; says it when test images are held-out training images. */
  readonly source: string;
  /** SHA-256 (hex) over shape, normalisation, pixels and labels, in this order. */
  readonly digest: string;
  /**
   * Writes sample `index`, normalised, to `out[offset] … out[offset + Π shape − 1]`. Allocates nothing.
   * @param index 0 … size − 1
   */
  read(index: number, out: Float32Array | Float64Array, offset: number): void;
  /**
   * The samples `indices`, in that order; the pixels stay shared. An index may come twice.
   * @param name default: "NAME, n samples"
   */
  subset(indices: ArrayLike<number>, name?: string): Dataset;
}

/** What a random subset needs of a random number generator: `Rng` of lib/tensor has it. */
export interface IntegerSource {
  /** An integer, uniform in 0 … n − 1. */
  int(n: number): number;
}
