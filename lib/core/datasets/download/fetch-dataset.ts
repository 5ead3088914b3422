import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, removeDeadDrafts, shownPath, withLock } from "@gradbook/base";
import type { DatasetKey, Mirror, PublishedDataset, PublishedFile } from "../catalogue.js";
import { checkContent, spelledPath } from "../folder.js";
import { readRaw } from "../read-file.js";
import { prepareFolder } from "./disk.js";
import { refuseOthers } from "./keep-others.js";
import {
  type DownloadListener,
  MirrorFailure,
  type Patience,
  patience as usualPatience,
} from "./listener.js";
import { fetchFrom, mirrorName, packagePrefix, partPath } from "./mirrors.js";

export interface FetchConfig {
  readonly key: DatasetKey;
  readonly published: PublishedDataset;
  /** Made when it is not there. */
  readonly folder: string;
  /** Fetches also what is there and unharmed. */
  readonly force?: boolean;
  readonly patience?: Patience;
  readonly listener: DownloadListener;
}

export interface Fetched {
  /** The files, in the order of the catalogue. */
  readonly files: readonly string[];
  /** Names of those that were fetched now. */
  readonly fetched: readonly string[];
}

/**
 * Brings a published data set into a folder: what is missing or damaged is fetched from one mirror after the other,
 * verified against the SHA-256 of the raw content, and only then put under its name.
 *
 * @throws GradbookError when no mirror delivers, the disk can't take it, or somebody's own files stand there; what
 *   arrived of an archive stays beside the files as `*.part`, and the next call goes on there
 */
export async function fetchDataset(config: FetchConfig): Promise<Fetched> {
  const { folder, published, listener, force = false } = config;
  // a folder that is complete is not written: it may be shared and read-only
  if (!force && published.files.every((file) => isThere(config, file)))
    return { files: filesIn(config), fetched: [] };
  prepareFolder(folder, 0);
  refuseOthers(folder, published.files);
  const onWait = () => listener.note("Another gradbook is fetching this data set: waiting for it.");
  const fetched = await withLock(join(folder, ".downloading"), { onWait, elsewhere: "--folder DIR" }, () =>
    fetchMissing(config),
  );
  return { files: filesIn(config), fetched };
}

function filesIn({ folder, published }: FetchConfig): string[] {
  return published.files.map(({ name }) => spelledPath(folder, name) ?? join(folder, name));
}

async function fetchMissing(config: FetchConfig): Promise<string[]> {
  const { folder, published, listener, force = false, patience = usualPatience } = config;
  sweepLeftovers(config);
  const missing = new Set(published.files.filter((file) => force || !isThere(config, file)));
  const wanted = [...missing].map((file) => file.name);
  const rawBytes = published.files.reduce((sum, file) => sum + file.bytes, 0);
  const failures: string[] = [];
  for (const mirror of published.mirrors) {
    if (missing.size === 0) break;
    prepareFolder(folder, neededBytes(mirror, missing));
    try {
      await fetchFrom(mirror, { folder, missing, rawBytes, listener, patience });
    } catch (error) {
      if (!(error instanceof MirrorFailure)) throw error;
      failures.push(`${mirrorName(mirror)} (${error.message})`);
      listener.note(`${failures.at(-1)}: trying the next mirror.`);
    }
  }
  if (missing.size > 0) {
    throw new GradbookError({
      code: "download",
      what: published.title,
      got: `no mirror delivered ${[...missing].map((file) => file.name).join(", ")}: ${failures.join("; ")}`,
      cure: `Is there a network connection? Running it again resumes where this one stopped; --from names a copy; or put the files into ${shownPath(folder)} by hand.`,
    });
  }
  sweepParts(config);
  return wanted;
}

/** Present under one of its names, raw or .gz, with the published content. */
function isThere({ folder, key }: FetchConfig, file: PublishedFile): boolean {
  const path = spelledPath(folder, file.name);
  if (path === undefined) return false;
  try {
    return checkContent({ path: folder, own: false, shown: folder }, key, path, readRaw(path), file);
  } catch (error) {
    if (error instanceof GradbookError) return false;
    throw error;
  }
}

/** Bytes on the disk at the worst moment: the archive (npm keeps it twice), and what comes out of it. */
function neededBytes(mirror: Mirror, missing: ReadonlySet<PublishedFile>): number {
  const raw = [...missing].reduce((sum, file) => sum + file.bytes, 0);
  return raw + mirror.bytes * (mirror.kind.startsWith("npm") ? 2 : 1);
}

/** What a killed call left half-written. Parts stay: they are resumed. Only names of our own: it may be anybody's folder. */
function sweepLeftovers({ folder }: FetchConfig): void {
  removeDeadDrafts(folder);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(packagePrefix)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Parts of mirrors that were given up, once another one has delivered. */
function sweepParts({ folder, published }: FetchConfig): void {
  for (const mirror of published.mirrors) {
    if (!("url" in mirror)) continue;
    for (const file of published.files) rmSync(partPath(folder, mirror, file), { force: true });
  }
}
