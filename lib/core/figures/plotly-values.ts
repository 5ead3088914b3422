import type { Json, JsonObject } from "@gradbook/base";

/** A type of numbers that Plotly reads from base64. */
export interface NumberType {
  /** Its name in Plotly's JSON. */
  readonly dtype: string;
  /** The other names that Plotly takes. */
  readonly names: readonly string[];
  /** JavaScript's class of it. */
  readonly array: string;
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const numberTypes: readonly NumberType[] = [
  { dtype: "i1", names: ["int8"], array: "Int8Array", bytes: 1, read: (v, at) => v.getInt8(at) },
  { dtype: "u1", names: ["uint8"], array: "Uint8Array", bytes: 1, read: (v, at) => v.getUint8(at) },
  { dtype: "u1c", names: ["uint8c"], array: "Uint8ClampedArray", bytes: 1, read: (v, at) => v.getUint8(at) },
  { dtype: "i2", names: ["int16"], array: "Int16Array", bytes: 2, read: (v, at) => v.getInt16(at, true) },
  { dtype: "u2", names: ["uint16"], array: "Uint16Array", bytes: 2, read: (v, at) => v.getUint16(at, true) },
  { dtype: "i4", names: ["int32"], array: "Int32Array", bytes: 4, read: (v, at) => v.getInt32(at, true) },
  { dtype: "u4", names: ["uint32"], array: "Uint32Array", bytes: 4, read: (v, at) => v.getUint32(at, true) },
  {
    dtype: "f4",
    names: ["float32"],
    array: "Float32Array",
    bytes: 4,
    read: (v, at) => v.getFloat32(at, true),
  },
  {
    dtype: "f8",
    names: ["float64"],
    array: "Float64Array",
    bytes: 8,
    read: (v, at) => v.getFloat64(at, true),
  },
];

/** By JavaScript's class; undefined for those that Plotly does not read (64-bit integers, half floats). */
export function typeOfArray(array: string): NumberType | undefined {
  return numberTypes.find((type) => type.array === array);
}

export function isRecord(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Numbers as Plotly packs them: base64 of their bytes, the type's name, and the shape of a matrix. */
export interface Packed {
  readonly bdata: string;
  readonly type: NumberType;
  readonly shape: readonly number[];
}

/** @returns null for what is no packed list; a text for a packed list that is broken, saying how */
export function readPacked(value: Json | undefined): Packed | string | null {
  if (!isRecord(value) || !("bdata" in value)) return null;
  const { bdata, dtype, shape } = value;
  if (typeof bdata !== "string" || typeof dtype !== "string") return "bdata and dtype are not both strings";
  const type = numberTypes.find(({ dtype: name, names }) => name === dtype || names.includes(dtype));
  if (type === undefined) return `the dtype ${JSON.stringify(dtype)}`;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(bdata) || bdata.length % 4 !== 0) return "bdata that is not base64";
  const count = Buffer.byteLength(bdata, "base64") / type.bytes;
  if (!Number.isInteger(count))
    return `${count * type.bytes} bytes of bdata, not a multiple of ${type.bytes}`;
  const sizes = shape === undefined ? [count] : String(shape).split(",").map(Number);
  if (!sizes.every((n) => Number.isInteger(n) && n >= 0)) return `the shape ${JSON.stringify(shape)}`;
  const product = sizes.reduce((a, b) => a * b, 1);
  if (product !== count) return `${count} numbers for the shape ${sizes.join(" × ")}`;
  return { bdata, type, shape: sizes };
}

/** Rows and columns of a list, a list of lists, or a packed one: `[]` for what is no list. */
export function shapeOf(value: Json | undefined): readonly number[] {
  const packed = readPacked(value);
  if (packed !== null) return typeof packed === "string" ? [] : packed.shape;
  if (!isList(value)) return [];
  let columns = 0;
  for (const row of value) {
    const [length] = shapeOf(row);
    if (length === undefined) return [value.length];
    columns = Math.max(columns, length);
  }
  return value.length === 0 ? [0] : [value.length, columns];
}

/** The values of a list, one after the other; of a packed one its numbers. */
export function valuesOf(value: Json | undefined): readonly Json[] {
  const packed = readPacked(value);
  if (packed !== null) return typeof packed === "string" ? [] : unpack(packed);
  return isList(value)
    ? value.flatMap((item) => (isList(item) || isRecord(item) ? valuesOf(item) : [item]))
    : [];
}

function unpack({ bdata, type }: Packed): readonly Json[] {
  const raw = Buffer.from(bdata, "base64");
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.byteLength / type.bytes }, (_, i) => {
    const value = type.read(view, i * type.bytes);
    return Number.isFinite(value) ? value : null;
  });
}

/** Words that stand in a figure's text, without Plotly's markup. */
export function textOf(title: Json | undefined): string {
  const text = isRecord(title) ? title.text : title;
  if (typeof text !== "string") return "";
  const names: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: " " };
  return text
    .replace(/<br\s*\/?>/gi, " ")
    .replace(/<\/?(?:b|i|em|s|u|sub|sup|a|span)(?:\s[^<>]*)?>/gi, "")
    .replace(/&(lt|gt|amp|quot|nbsp);/g, (_, name: string) => names[name])
    .replace(/\s+/g, " ")
    .trim();
}
