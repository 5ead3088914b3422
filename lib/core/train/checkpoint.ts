import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { draftPath, GradbookError, onDisk, removeDeadDrafts, writeAtomic } from "@gradbook/base";
import type { FloatArray } from "../tensor/tensor.js";
import { littleEndian } from "./digest.js";

/** Everything that a run needs to go on with the same bits. */
export interface Checkpoint {
  /** What the run is made of: a digest of each part, by the part's name. Another run cannot go on from it. */
  readonly run: Readonly<Record<string, string>>;
  /** Steps done. */
  readonly step: number;
  /** Whether the run goes on, or was ended by its `onEpoch`. */
  readonly ending: "unfinished" | "stopped early";
  /** Digest of each epoch recorded so far. */
  readonly digests: readonly string[];
  /** Text of the `onEpoch` that has changed weights; "" while none has. */
  readonly changedBy: string;
  /** Weights, running statistics, optimizer state and history, by name. */
  readonly arrays: ReadonlyMap<string, FloatArray>;
}

/** First line of the file. */
interface Header {
  readonly format: string;
  readonly run: Checkpoint["run"];
  readonly step: number;
  readonly ending: Checkpoint["ending"];
  readonly digests: readonly string[];
  readonly changedBy: string;
  readonly arrays: readonly { readonly name: string; readonly dtype: string; readonly length: number }[];
  /** SHA-256 of the header with "" in this place, and of all bytes behind it. */
  readonly payload: string;
}

const FORMAT = "gradbook checkpoint 3";

/**
 * Writes a checkpoint: one line of JSON, padded to whole 8 bytes, then the arrays as raw little-endian floats. It
 * replaces the old file only when it is complete, so that a process may be killed at any moment.
 */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  const { run, step, ending, digests, changedBy, arrays } = checkpoint;
  const parts = [...arrays.values()].map(littleEndian);
  const header: Header = {
    format: FORMAT,
    run,
    step,
    ending,
    digests,
    changedBy,
    arrays: [...arrays].map(([name, data]) => ({
      name,
      dtype: data instanceof Float32Array ? "float32" : "float64",
      length: data.length,
    })),
    payload: "",
  };
  const text = Buffer.from(JSON.stringify({ ...header, payload: digestOf(header, parts) }));
  const line = Buffer.alloc(Math.ceil((text.length + 1) / 8) * 8, " ");
  text.copy(line);
  line[line.length - 1] = 0x0a;
  writeAtomic(throughLinks(path), [line, ...parts], elsewhere);
}

/** How an error chooses another location. */
const elsewhere = { elsewhere: 'checkpoint: "FILE"' };

/**
 * Before the training, not after its first epoch: writes something beside the place, and removes it.
 * @throws GradbookError when no checkpoint can be written there, or what is there is not one
 */
export function assertWritable(path: string): void {
  if (path === "") throw unusable(JSON.stringify(path), "it is not a path");
  assertOurs(path);
  const folder = dirname(throughLinks(path));
  onDisk({ path, doing: "write", ...elsewhere }, () => mkdirSync(folder, { recursive: true }));
  removeDeadDrafts(folder);
  const draft = draftPath(folder);
  onDisk({ path, doing: "write", ...elsewhere }, () => writeFileSync(draft, ""));
  rmSync(draft);
}

/** A checkpoint may replace a checkpoint, damaged or old ones too, and nothing else. */
function assertOurs(path: string): void {
  if (!existsSync(path)) return;
  assertFile(path);
  const start = readBytes(path).subarray(0, 64).toString("latin1");
  if (start !== "" && !start.startsWith('{"format":"gradbook checkpoint'))
    throw unusable(path, "the file there is not a checkpoint, and would be replaced");
}

/** A link stays one: its target is replaced. */
const throughLinks = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

function assertFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  throw unusable(path, found.isDirectory() ? "it is a folder" : "it is a device, a pipe or a socket");
}

function unusable(path: string, got: string): GradbookError {
  return new GradbookError({
    code: "checkpoint",
    what: `checkpoint ${path}`,
    got,
    expected: "a file",
    cure: 'Name one in a folder of yours, such as checkpoint: "run.ckpt".',
  });
}

/** The file as it stands. */
function readBytes(path: string): Buffer {
  if (!existsSync(path)) throw refusedCheckpoint(path, "there is no such file");
  assertFile(path);
  return onDisk({ path, doing: "read", code: "checkpoint" }, () => readFileSync(path));
}

/** @throws GradbookError that says what is wrong with the file: it is missing, no checkpoint, cut, or changed */
export function readCheckpoint(path: string): Checkpoint {
  const bytes = readBytes(path);
  const end = bytes.indexOf(0x0a) + 1;
  const header = parseHeader(path, bytes.subarray(0, end).toString("utf8"));
  const sizes = header.arrays.map(({ dtype, length }) => length * (dtype === "float32" ? 4 : 8));
  const expected = sizes.reduce((sum, size) => sum + size, 0);
  const payload = bytes.subarray(end);
  if (payload.length !== expected) {
    throw refusedCheckpoint(path, `${payload.length} bytes behind the header`, `${expected}`);
  }
  if (digestOf(header, [payload]) !== header.payload) {
    throw refusedCheckpoint(path, "its content has changed since it was written (SHA-256 differs)");
  }
  const arrays = new Map<string, FloatArray>();
  let at = 0;
  for (const [i, { name, dtype }] of header.arrays.entries()) {
    arrays.set(name, floats(payload.subarray(at, at + sizes[i]), dtype));
    at += sizes[i];
  }
  const { run, step, ending, digests, changedBy } = header;
  return { run, step, ending, digests, changedBy, arrays };
}

function digestOf(header: Header, parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify({ ...header, payload: "" }));
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function parseHeader(path: string, line: string): Header {
  const header = parseObject(line);
  if (header === undefined) throw refusedCheckpoint(path, "it does not begin with a header");
  const { format } = header;
  if (format !== FORMAT) throw refusedCheckpoint(path, `its format is ${JSON.stringify(format)}`, FORMAT);
  const { run, step, ending, digests, changedBy, arrays, payload } = header;
  if (
    typeof run !== "object" ||
    run === null ||
    typeof payload !== "string" ||
    typeof changedBy !== "string" ||
    !Number.isSafeInteger(step) ||
    (ending !== "unfinished" && ending !== "stopped early") ||
    !Array.isArray(digests) ||
    !digests.every((digest) => typeof digest === "string") ||
    !Array.isArray(arrays) ||
    !arrays.every(isArrayHeader)
  ) {
    throw refusedCheckpoint(path, "its header is incomplete");
  }
  return { format, run, step: Number(step), ending, digests, changedBy, arrays, payload };
}

function parseObject(line: string): Partial<Header> | undefined {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}

function isArrayHeader(entry: Partial<Header["arrays"][number]> | null): boolean {
  return (
    typeof entry?.name === "string" &&
    (entry.dtype === "float32" || entry.dtype === "float64") &&
    Number.isSafeInteger(entry.length)
  );
}

/** Little-endian bytes as floats of this machine, copied. */
function floats(bytes: Uint8Array, dtype: string): FloatArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === "float32") {
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

export function refusedCheckpoint(
  path: string,
  got: string,
  expected = "a whole checkpoint of this run",
): GradbookError {
  return new GradbookError({
    code: "checkpoint",
    what: `checkpoint ${path}`,
    got,
    expected,
    cure: "Delete it to start over, or choose another file.",
  });
}
