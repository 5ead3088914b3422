import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The rooms that decide the bits of a training. */
const rooms = ["datasets", "engine", "layers", "losses", "optimizers", "schedules", "tensor", "train"];

let known: string | undefined;

/**
 * Digest of the library's own compiled code, as far as it decides the bits of a training: after an update of gradbook
 * (or an edit of a layer) an old result is no longer what the code computes, and has to be made again.
 */
export function libraryDigest(): string {
  known ??= digestOf(distFolder());
  return known;
}

/** The folder `dist`, seen from a module in it or from the CommonJS bundle beside its rooms. */
export function distFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "tensor")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function digestOf(dist: string): string {
  const hash = createHash("sha256");
  for (const room of rooms) {
    const files = readdirSync(join(dist, room), { recursive: true }).map(String).sort();
    for (const file of files) {
      if (!file.endsWith(".js") || /\.(test|testing|test\.helper)\.js$/.test(file)) continue;
      hash.update(`${room}/${file.replaceAll("\\", "/")}\n`).update(readFileSync(join(dist, room, file)));
    }
  }
  return hash.digest("hex");
}
