import { createHash } from "node:crypto";
import { assertModel, type Sequential } from "../layers/sequential.js";
import type { FloatArray } from "../tensor/tensor.js";
import type { Epoch } from "./history.js";

/**
 * The digest of a run: a chain of SHA-256 over what went in and what came out of each epoch, and over all that the next
 * step reads: d₀ = H(config, data, initial weights), dₑ = H(dₑ₋₁, metrics of epoch e, weights and buffers after epoch e,
 * steps done, the optimizer's memory). Two runs with the same digest computed the same bits, and would go on alike.
 * Numbers are hashed as little-endian floats.
 */
export function firstDigest(config: object, dataDigests: readonly string[], model: Sequential): string {
  const hash = createHash("sha256").update(JSON.stringify(config)).update(dataDigests.join(" "));
  return addWeights(hash, model).digest("hex");
}

/**
 * @param steps done since the beginning of the run
 * @param state the optimizer's memory, as `Trainer.readState` gives it
 */
export function nextDigest(
  previous: string,
  epoch: Omit<Epoch, "digest">,
  model: Sequential,
  steps: number,
  state: readonly FloatArray[],
): string {
  const { trainLoss, trainError, testLoss, testError } = epoch;
  const hash = createHash("sha256").update(previous);
  hash.update(littleEndian(new Float64Array([epoch.epoch, trainLoss, trainError, testLoss, testError])));
  addWeights(hash, model).update(littleEndian(Float64Array.of(steps)));
  for (const values of state) hash.update(littleEndian(values));
  return hash.digest("hex");
}

/** The digest of an epoch whose callback has changed the weights. */
export function changedDigest(previous: string, model: Sequential): string {
  return addWeights(createHash("sha256").update(previous).update("changed by onEpoch"), model).digest("hex");
}

/**
 * SHA-256 of a model's weights and running statistics, by name: 64 hexadecimal digits, equal where every bit is.
 * @throws GradbookError when it is not a model
 *
 * @example
 * ```ts
 * import { linear, sequential, weightsDigest } from "gradbook";
 *
 * const make = (seed: number) => sequential([linear({ in: 2, out: 2 })], { input: [2], seed });
 * console.log(weightsDigest(make(1)) === weightsDigest(make(1))); // true
 * console.log(weightsDigest(make(1)) === weightsDigest(make(2))); // false
 * ```
 */
export function weightsDigest(model: Sequential): string {
  assertModel("weightsDigest", model);
  return addWeights(createHash("sha256"), model).digest("hex");
}

function addWeights(hash: ReturnType<typeof createHash>, model: Sequential): ReturnType<typeof createHash> {
  for (const { name, parameter } of [...model.parameters, ...model.buffers]) {
    hash.update(name).update(littleEndian(parameter.value.data));
  }
  return hash;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of floats, lowest byte first on every machine. */
export function littleEndian(values: FloatArray): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (isLittleEndian) return bytes;
  const swapped = Buffer.from(bytes);
  return values instanceof Float32Array ? swapped.swap32() : swapped.swap64();
}
