import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { inspect } from "node:util";

/** stdout or stderr. */
export type Descriptor = 1 | 2;
type Call = (descriptor: unknown, ...parameters: unknown[]) => unknown;
type Diverted = (descriptor: Descriptor, ...parameters: unknown[]) => unknown;

/**
 * Descriptors 1 and 2 lead to the notebook, whichever function of `fs` is called with their number, and stay open: a
 * stream of `fs` would close them at its end. What else `fs` writes with goes through these functions.
 */
export function patchDescriptors(print: (descriptor: Descriptor, bytes: Buffer) => void): void {
  const take = (descriptor: Descriptor, bytes: Buffer): number => {
    print(descriptor, bytes);
    return bytes.length;
  };
  const write: Diverted = (descriptor, data, ...place) => take(descriptor, part(data, place));
  const writev: Diverted = (descriptor, parts) =>
    take(descriptor, Buffer.concat(Array.isArray(parts) ? parts.map((one) => part(one, [])) : []));
  const diverted: Readonly<Record<string, Diverted>> = {
    writeSync: write,
    writevSync: writev,
    writeFileSync: (descriptor, data, options) => {
      take(descriptor, part(data, [undefined, encodingOf(options)]));
    },
    closeSync: () => undefined,
    write: (descriptor, data, ...rest) => later(rest.at(-1), write(descriptor, data, ...rest), data),
    writev: (descriptor, parts, ...rest) => later(rest.at(-1), writev(descriptor, parts), parts),
    close: (_, done) => later(done),
  };
  for (const [name, own] of Object.entries(diverted)) divert(name, own);
  syncBuiltinESMExports();
}

function divert(name: string, own: Diverted): void {
  const original: Call = Reflect.get(fs, name);
  const call: Call = (descriptor, ...parameters) =>
    descriptor === 1 || descriptor === 2
      ? own(descriptor, ...parameters)
      : Reflect.apply(original, fs, [descriptor, ...parameters]);
  // With what `promisify` wants to know.
  Object.defineProperties(call, Object.getOwnPropertyDescriptors(original));
  Object.assign(fs, { [name]: call });
}

function later(done: unknown, ...values: unknown[]): void {
  if (typeof done === "function") process.nextTick(() => done(null, ...values));
}

/** @param place offset and length of bytes, or `{ offset, length }`; position and encoding of a string */
function part(data: unknown, [first, second]: unknown[]): Buffer {
  if (typeof data === "string")
    return Buffer.from(data, typeof second === "string" && Buffer.isEncoding(second) ? second : "utf8");
  if (!ArrayBuffer.isView(data))
    throw new TypeError(`The data to write must be a string or bytes, got ${inspect(data, { depth: 0 })}.`);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const { offset, length }: { offset?: unknown; length?: unknown } =
    typeof first === "object" && first !== null ? first : { offset: first, length: second };
  const start = typeof offset === "number" ? offset : 0;
  return bytes.subarray(start, typeof length === "number" ? start + length : undefined);
}

function encodingOf(options: unknown): unknown {
  return typeof options === "object" && options !== null ? Reflect.get(options, "encoding") : options;
}
