import { object, type RequiredOption, text, typedArray } from "@gradbook/base";

/**
 * How a byte becomes a number: `value = (byte − mean) / divisor`, computed in float64 and rounded once to the
 * type of the output. Both arrays have length 1 (one for all), C (one per channel) or C·H·W (one per pixel).
 */
export interface Normalisation {
  /** In words, for captions: "0..1", "minus the mean image". */
  readonly name: string;
  /** In units of a byte, 0 … 255. */
  readonly mean: Float64Array;
  /** In units of a byte, above 0. */
  readonly divisor: Float64Array;
}

/** A normalisation as an option. */
export const normalisationOption = (): RequiredOption<Normalisation> =>
  object(
    {
      name: text(),
      mean: typedArray<Float64Array>("Float64Array"),
      divisor: typedArray<Float64Array>("Float64Array"),
    },
    "a normalisation",
    "unitScale and rawBytes are such; fitChannels(train) and fitMeanImage(train) make one.",
  );

/** 0 … 1, i.e. byte / 255: the default, the same numbers as PyTorch's `ToTensor`. */
export const unitScale: Normalisation = {
  name: "0..1",
  mean: Float64Array.of(0),
  divisor: Float64Array.of(255),
};

/** The bytes as they are, 0 … 255. */
export const rawBytes: Normalisation = {
  name: "0..255",
  mean: Float64Array.of(0),
  divisor: Float64Array.of(1),
};
