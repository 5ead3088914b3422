import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { isGzip } from "../read-file.js";

/** The raw content of a file that may be gzip or, unpacked by a server on the way, already raw. */
export function rawStream(path: string): AsyncIterable<Uint8Array> {
  const head = new Uint8Array(2);
  const file = openSync(path, "r");
  readSync(file, head, 0, 2, 0);
  closeSync(file);
  const packed = createReadStream(path, { highWaterMark: 1 << 18 });
  if (!isGzip(head)) return packed;
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // A fault of either stream ends the loop that reads; here it needs no second hearer.
  return pipeline(packed, gunzip, () => {});
}
