import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { gunzipSync, constants as zlib } from "node:zlib";
import { GradbookError } from "../errors/error.js";

/** A path as an error or a progress line shows it: from the current folder when that is shorter. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length > 0 && near.length < path.length ? near : path;
}

/**
 * The raw content of a file. Gzip is known by its first two bytes, not by the name: some browsers and servers
 * unpack a .gz on the way and keep the name.
 * @throws GradbookError with the offset at which the file can't be unpacked
 */
export function readRaw(path: string): Uint8Array {
  const bytes = readBytes(path);
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw damagedGzip(path, bytes, cause);
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function readBytes(path: string): Uint8Array {
  return reading(path, () => readFileSync(path));
}

/** Does `read`; what the operating system refuses becomes an error with the file's name. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof GradbookError) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new GradbookError(
      { code: "data", what: shownPath(path), got: `can't be read (${got})` },
      { cause },
    );
  }
}

function damagedGzip(path: string, bytes: Uint8Array, cause: unknown): GradbookError {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  let got: string;
  if (code === "Z_BUF_ERROR") got = `the gzip data ends at offset ${bytes.length}, before its end mark`;
  else if (unpacks(bytes.subarray(0, bytes.length - 8))) {
    got = `the checksum at offset ${bytes.length - 8} does not fit the content`;
  } else got = `the gzip data is damaged at or before offset ${firstFault(bytes)}`;
  return new GradbookError(
    {
      code: "data",
      what: shownPath(path),
      got,
      expected: "a whole .gz file",
      cure: "Copy or download it again.",
    },
    { cause },
  );
}

/** zlib does not say where it stopped: the shortest beginning that it refuses ends at the fault. */
function firstFault(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (unpacks(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return bad - 1;
}

function unpacks(beginning: Uint8Array): boolean {
  try {
    gunzipSync(beginning, { finishFlush: zlib.Z_SYNC_FLUSH });
    return true;
  } catch {
    return false;
  }
}
