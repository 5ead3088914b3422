import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { draftPath, shownPath } from "@gradbook/base";
import type { PublishedFile } from "../catalogue.js";
import { diskError } from "./disk.js";
import { makeFree } from "./keep-others.js";
import { MirrorFailure } from "./listener.js";

/**
 * Writes a file beside its place, and moves it there only when size and SHA-256 are the published ones: under the
 * right name there is the right file or none.
 * @param note told when a damaged file was moved out of its way
 * @throws MirrorFailure when it is another content
 * @throws GradbookError when the disk can't take it, or somebody's own file stands there
 */
export async function place(
  folder: string,
  published: PublishedFile,
  content: AsyncIterable<Uint8Array>,
  note: (text: string) => void,
): Promise<void> {
  const target = join(folder, published.name);
  const draft = draftPath(folder);
  try {
    await writeVerified(draft, published, content);
    const kept = makeFree(folder, published);
    if (kept !== undefined) note(`${shownPath(target)} was damaged: it is kept as ${shownPath(kept)}.`);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw diskError(target, error, published.bytes);
  }
}

async function writeVerified(
  path: string,
  published: PublishedFile,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash("sha256");
  const file = await open(path, "w");
  try {
    let size = 0;
    for await (const piece of damageIsTheMirrors(published.name, content)) {
      size += piece.length;
      if (size > published.bytes) break; // another file, or an archive that unpacks without end
      hash.update(piece);
      await file.writeFile(piece);
    }
    if (size !== published.bytes) {
      const found = size > published.bytes ? "more" : String(size);
      throw new MirrorFailure(`${published.name} has ${found} bytes, expected ${published.bytes}`);
    }
    if (hash.digest("hex") !== published.sha256) {
      throw new MirrorFailure(`${published.name} has a different SHA-256 than the published file`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function* damageIsTheMirrors(
  name: string,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of content) yield piece;
  } catch (error) {
    throw new MirrorFailure(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}
