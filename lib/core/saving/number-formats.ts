import type { FloatArray } from "../tensor/tensor.js";

/** How numbers of one type stand in a file. */
export interface Decoder {
  /** Of one number. */
  readonly bytes: number;
  /** undefined: one of them is beyond what float64 holds exactly. */
  decode(bytes: Buffer): FloatArray | undefined;
}

type Read = (view: DataView, at: number) => number;

const floats32 = (bytes: number, read: Read): Decoder => ({
  bytes,
  decode: (buffer) => fill(new Float32Array(buffer.length / bytes), buffer, bytes, read),
});
const floats64 = (bytes: number, read: Read): Decoder => ({
  bytes,
  decode: (buffer) => fill(new Float64Array(buffer.length / bytes), buffer, bytes, read),
});
const wholeNumbers = (bytes: number, read: Read): Decoder => ({
  bytes,
  decode(buffer) {
    const values = fill(new Float64Array(buffer.length / bytes), buffer, bytes, read);
    return values.every(Number.isSafeInteger) ? values : undefined;
  },
});

function fill<A extends FloatArray>(values: A, buffer: Buffer, bytes: number, read: Read): A {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * bytes);
  return values;
}

/** Every type of the safetensors format that float32 or float64 hold exactly. */
export const decoders: Readonly<Record<string, Decoder>> = {
  F64: floats64(8, (v, at) => v.getFloat64(at, true)),
  F32: floats32(4, (v, at) => v.getFloat32(at, true)),
  F16: floats32(2, (v, at) => half(v.getUint16(at, true))),
  BF16: floats32(2, (v, at) => upperHalf(v.getUint16(at, true))),
  I64: wholeNumbers(8, (v, at) => Number(v.getBigInt64(at, true))),
  U64: wholeNumbers(8, (v, at) => Number(v.getBigUint64(at, true))),
  I32: wholeNumbers(4, (v, at) => v.getInt32(at, true)),
  U32: wholeNumbers(4, (v, at) => v.getUint32(at, true)),
  I16: wholeNumbers(2, (v, at) => v.getInt16(at, true)),
  U16: wholeNumbers(2, (v, at) => v.getUint16(at, true)),
  I8: wholeNumbers(1, (v, at) => v.getInt8(at)),
  U8: wholeNumbers(1, (v, at) => v.getUint8(at)),
  BOOL: wholeNumbers(1, (v, at) => v.getUint8(at)),
};

/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return (sign * fraction) / 0x1000000;
  const scale = exponent >= 25 ? 1 << (exponent - 25) : 1 / (1 << (25 - exponent));
  return sign * (0x400 + fraction) * scale;
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function upperHalf(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
