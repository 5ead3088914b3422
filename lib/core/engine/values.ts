import { Tensor } from "../tensor/tensor.js";
import type { Buffer } from "./memory.js";

/** The first samples of a buffer of the engine, as a tensor of its own: [samples, …]. */
export function readValues(floats: Float32Array, buffer: Buffer, shape: readonly number[]): Tensor {
  const tensor = Tensor.zeros(shape);
  eachRow(buffer, shape[0], (place, at, length) => {
    for (let i = 0; i < length; i++) tensor.data[at + i] = floats[place + i];
  });
  return tensor;
}

/** Writes a tensor [samples, …] into a buffer of the engine. */
export function writeValues(floats: Float32Array, buffer: Buffer, { shape, data }: Tensor): void {
  eachRow(buffer, shape[0], (place, at, length) => {
    for (let i = 0; i < length; i++) floats[place + i] = data[at + i];
  });
}

/**
 * The rows of the first samples: where each stands in the engine's memory, which may have gaps that must stay 0, and in
 * a tensor, which has none.
 */
function eachRow(
  { address, layout }: Buffer,
  samples: number,
  visit: (place: number, at: number, length: number) => void,
): void {
  const { C, H, W, origin, row, plane, size } = layout;
  let at = 0;
  for (let n = 0; n < samples; n++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++, at += W)
        visit(address / 4 + n * size + origin + c * plane + h * row, at, W);
}
