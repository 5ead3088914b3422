import { createHash } from "node:crypto";
import type { Sequential } from "../layers/sequential.js";
import type { Epoch } from "./history.js";

/**
 * The digest of a run: a chain of SHA-256 over what went in and what came out of each epoch,
 * d₀ = H(config, data, initial weights), dₑ = H(dₑ₋₁, metrics of epoch e, weights after epoch e).
 * Two runs with the same digest computed the same bits. Weights are hashed as little-endian floats.
 */
export function firstDigest(config: object, dataDigests: readonly string[], model: Sequential): string {
  const hash = createHash("sha256").update(JSON.stringify(config)).update(dataDigests.join(" "));
  return addWeights(hash, model).digest("hex");
}

export function nextDigest(previous: string, epoch: Omit<Epoch, "digest">, model: Sequential): string {
  const { trainLoss, trainError, testLoss, testError } = epoch;
  const hash = createHash("sha256").update(previous);
  hash.update(littleEndian(new Float64Array([epoch.epoch, trainLoss, trainError, testLoss, testError])));
  return addWeights(hash, model).digest("hex");
}

/** SHA-256 of a model's weights and running statistics, by name. */
export function weightsDigest(model: Sequential): string {
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
export function littleEndian(values: Float32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (isLittleEndian) return bytes;
  const swapped = Buffer.from(bytes);
  return values instanceof Float32Array ? swapped.swap32() : swapped.swap64();
}
