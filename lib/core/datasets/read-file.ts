import { readFileSync } from "node:fs";
import { gunzipSync, constants as zlib } from "node:zlib";
import { GradbookError, onDisk, shownPath } from "@gradbook/base";

/**
 * The raw content of a file. Gzip is known by its first two bytes, not by the name: some browsers and servers
 * unpack a .gz on the way and keep the name.
 * @throws GradbookError with the offset at which the file can't be unpacked
 */
export function readRaw(path: string): Uint8Array {
  const bytes = onDisk({ path, doing: "read" }, () => readFileSync(path));
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

function damagedGzip(path: string, bytes: Uint8Array, cause: unknown): GradbookError {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  let got: string;
  if (code === "Z_BUF_ERROR") got = `the gzip data ends at offset ${bytes.length}, before its end marker`;
  else if (unpacks(bytes.subarray(0, bytes.length - 8))) {
    got = `the checksum at offset ${bytes.length - 8} does not match the content`;
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
