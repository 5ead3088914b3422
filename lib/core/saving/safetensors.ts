import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { configError, dataError, type GradbookError, inWords, onDisk, writeAtomic } from "@gradbook/base";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.js";
import { isTensor, Tensor } from "../tensor/tensor.js";
import { littleEndian } from "../train/digest.js";
import { type Decoder, decoders } from "./number-formats.js";

/**
 * The safetensors format: 8 bytes with the header's length, little-endian; the header, JSON padded with spaces to whole 8
 * bytes: `{ "__metadata__": { … }, name: { dtype, shape, data_offsets: [begin, end] } }`; then all values, one tensor behind
 * another. Source: https://github.com/huggingface/safetensors
 */
export interface Safetensors {
  /** By name, in the file's order. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Texts that belong to the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A header is no longer than this in any reader. */
const MOST_HEADER_BYTES = 100_000_000;

/** Where one tensor stands. */
interface Place {
  readonly name: string;
  readonly shape: Shape;
  readonly decoder: Decoder;
  readonly begin: number;
  readonly end: number;
}

/**
 * Writes tensors to a file that PyTorch, JAX, TensorFlow and everything else with a safetensors reader can open: float32 as
 * F32, float64 as F64. It replaces a file only that this function or `saveModel` wrote.
 * @param path of the file; folders that are missing are made
 * @param tensors by name
 * @param metadata texts that belong to the file
 * @throws GradbookError when something else is no tensor or no text, or another file stands there
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { readSafetensors, Tensor, writeSafetensors } from "gradbook";
 *
 * const path = `${mkdtempSync("/tmp/tensors-")}/features.safetensors`;
 * writeSafetensors(path, { hidden: Tensor.from([[1, 2], [3, 4]], "float32") });
 * console.log(readSafetensors(path).tensors.hidden.toNested()); // [ [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  assertPath("writeSafetensors", path);
  assertRecord("writeSafetensors", "tensors", tensors, "tensors by name");
  assertRecord("writeSafetensors", "metadata", metadata, "texts by name");
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === "__metadata__")
      throw configError("writeSafetensors", "a tensor called __metadata__", "another name");
    if (!isTensor(tensor)) throw configError("writeSafetensors", `${name} is ${inWords(tensor)}`, "a tensor");
  }
  for (const [name, text] of Object.entries(metadata))
    if (typeof text !== "string")
      throw configError(
        "writeSafetensors",
        `metadata.${name} is ${inWords(text)}`,
        "a text",
        `String(value)`,
      );
  assertOurs(path);
  writeAtomic(path, encode(tensors, { ...metadata, [MARK]: "gradbook" }), { elsewhere: "the argument path" });
}

/** By this name in its metadata a file is known to be ours. */
const MARK = "written by";

/** The file's bytes in parts, as the format's own library lays them out: the widest numbers first, then by name. */
function encode(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>>,
): readonly Uint8Array[] {
  const width = ({ dtype }: Tensor) => (dtype === "float64" ? 8 : 4);
  const sorted = Object.entries(tensors).sort(
    ([a, x], [b, y]) => width(y) - width(x) || (a < b ? -1 : Number(a > b)),
  );
  let at = 0;
  const entries = sorted.map(([name, tensor]) => {
    const begin = at;
    at += tensor.size * width(tensor);
    const dtype = tensor.dtype === "float64" ? "F64" : "F32";
    return [name, { dtype, shape: tensor.shape, data_offsets: [begin, at] }] as const;
  });
  // fromEntries keeps the order but for names that are whole numbers: joined by hand
  const parts = [["__metadata__", metadata] as const, ...entries].map(
    ([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`,
  );
  const text = Buffer.from(`{${parts.join(",")}}`);
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  text.copy(header, 8);
  return [header, ...sorted.map(([, { data }]) => littleEndian(data))];
}

/** @throws GradbookError when a file stands there that is not ours */
function assertOurs(path: string): void {
  let metadata: Safetensors["metadata"];
  try {
    if (!isThere(path)) return;
    metadata = openFile(path, ({ header }) => metadataOf(path, header));
  } catch {
    throw notOurs(path, "a file that is no safetensors file");
  }
  if (metadata[MARK] !== "gradbook") throw notOurs(path, "a file that somebody else has written");
}

function isThere(path: string): boolean {
  try {
    closeSync(openSync(path, "r"));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

const notOurs = (path: string, got: string): GradbookError =>
  dataError(
    path,
    `${got} stands there`,
    "none, or one that gradbook wrote",
    "Choose another name, or move it.",
  );

/**
 * Reads a safetensors file: weights of PyTorch, JAX or others, or what `saveModel` and `writeSafetensors` wrote. F16 and BF16
 * become float32, whole numbers float64.
 * @throws GradbookError when it is missing, cut short, damaged, or holds numbers that float64 cannot
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { linear, readSafetensors, saveModel, sequential } from "gradbook";
 *
 * const path = `${mkdtempSync("/tmp/model-")}/net.safetensors`;
 * saveModel(sequential([linear({ in: 3, out: 2 })], { input: [3] }), path);
 * const { tensors } = readSafetensors(path);
 * console.log(Object.keys(tensors).join(), tensors["linear1.weight"].shape); // linear1.bias,linear1.weight [ 2, 3 ]
 * ```
 */
export function readSafetensors(path: string): Safetensors {
  assertPath("readSafetensors", path);
  return openFile(path, ({ header, bytes, read }) => {
    const places = placesOf(path, header, bytes);
    const tensors = places.map(({ name, shape, decoder, begin, end }) => {
      const values = decoder.decode(read(begin, end - begin));
      if (values === undefined)
        throw damaged(path, `${name} holds a whole number beyond 2^53`, "numbers that float64 can hold");
      return [name, new Tensor(shape, values)] as const;
    });
    return { tensors: Object.fromEntries(tensors), metadata: metadataOf(path, header) };
  });
}

interface OpenFile {
  readonly header: Readonly<Record<string, unknown>>;
  /** Of all values. */
  readonly bytes: number;
  /** Bytes behind the header, from … on. */
  read(from: number, count: number): Buffer;
}

/** Opens the file and reads its header; values are read as they are asked for. */
function openFile<T>(path: string, use: (file: OpenFile) => T): T {
  const file = onDisk({ path, doing: "read" }, () => openSync(path, "r"));
  try {
    const { size } = onDisk({ path, doing: "read" }, () => fstatSync(file));
    const take = (from: number, count: number): Buffer => {
      const buffer = Buffer.alloc(count);
      onDisk({ path, doing: "read" }, () => {
        for (let at = 0; at < count; ) {
          const got = readSync(file, buffer, at, count - at, from + at);
          if (got === 0) throw damaged(path, "the file ends while it is read", "the whole file");
          at += got;
        }
      });
      return buffer;
    };
    if (size < 8) throw damaged(path, `${size} bytes`, "at least 8, with the header's length");
    const length = Number(take(0, 8).readBigUInt64LE());
    if (length > Math.min(MOST_HEADER_BYTES, size - 8))
      throw damaged(path, `a header of ${length} bytes in a file of ${size}`, "a header that fits");
    const header = parseHeader(path, take(8, length));
    return use({ header, bytes: size - 8 - length, read: (from, count) => take(8 + length + from, count) });
  } finally {
    closeSync(file);
  }
}

function parseHeader(path: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return { ...header };
  } catch {
    // said below
  }
  throw damaged(path, "a header that is no JSON object", "{ name: { dtype, shape, data_offsets } }");
}

function metadataOf(
  path: string,
  header: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const { __metadata__: metadata = {} } = header;
  const isTexts =
    typeof metadata === "object" &&
    metadata !== null &&
    Object.values(metadata).every((v) => typeof v === "string");
  if (!isTexts) throw damaged(path, "__metadata__ that holds something else than texts", "texts by name");
  return { ...metadata };
}

/** Every tensor's place, in the order of their values. */
function placesOf(path: string, header: Readonly<Record<string, unknown>>, bytes: number): readonly Place[] {
  const places = Object.entries(header).flatMap(([name, entry]) =>
    name === "__metadata__" ? [] : [placeOf(path, name, entry)],
  );
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of places) {
    if (begin !== at)
      throw damaged(path, `${name} begins at byte ${begin}, the tensor before it ends at ${at}`, "no gap");
    at = end;
  }
  if (at !== bytes) throw damaged(path, `${bytes} bytes of values`, `${at}, as the header says`);
  return places;
}

function placeOf(path: string, name: string, entry: unknown): Place {
  const { dtype, shape, data_offsets: offsets }: Partial<Record<string, unknown>> = Object(entry);
  const isCounts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw damaged(
      path,
      `the entry ${name} of the header is ${inWords(entry)}`,
      "{ dtype, shape, data_offsets }",
    );
  const decoder = Object.hasOwn(decoders, dtype) ? decoders[dtype] : undefined;
  if (decoder === undefined)
    throw damaged(path, `${name} is of the type ${dtype}`, `one of ${Object.keys(decoders).join(", ")}`);
  const [begin, end] = offsets;
  const wanted = sizeOf(shape) * decoder.bytes;
  if (end - begin !== wanted)
    throw damaged(path, `${end - begin} bytes for ${name} ${dtype} ${formatShape(shape)}`, `${wanted}`);
  return { name, shape, decoder, begin, end };
}

function damaged(path: string, got: string, expected: string): GradbookError {
  return dataError(path, got, expected, "Is it a whole safetensors file? Fetch or save it again.");
}

export function assertPath(what: string, path: string): void {
  if (typeof path === "string" && path !== "") return;
  throw configError(what, `path is ${inWords(path)}`, "a file's path", 'A name such as "net.safetensors".');
}

function assertRecord(what: string, role: string, value: unknown, expected: string): void {
  const isPlain = typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value);
  if (!isPlain) throw configError(what, `${role} is ${inWords(value)}`, `an object of ${expected}`);
}
