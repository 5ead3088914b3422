import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { sha256 } from "@gradbook/base";
import { type PublishedDataset, type PublishedFile, readCatalogue, replaceCatalogue } from "../catalogue.js";
import { idxImages, idxLabels, scratch } from "../fixtures.test.helper.js";
import { blockSums } from "../integrity.js";
import { type FlakyMirror, flakyMirror, type Mood } from "./flaky-mirror.test.helper.js";

const files: Readonly<Record<string, Buffer>> = {
  "train-images-idx3-ubyte": idxImages(4, 28),
  "train-labels-idx1-ubyte": idxLabels([5, 0, 4, 1]),
  "t10k-images-idx3-ubyte": idxImages(2, 28),
  "t10k-labels-idx1-ubyte": idxLabels([7, 2]),
};

/**
 * A project with an MNIST of six images, published on a mirror of its own; it is the current folder, without
 * `$GRADBOOK_DATA`, until the test ends.
 * @param catalogue the library's that is to find it: by default this copy of the modules, not the bundle
 */
export async function tinyProject(
  t: TestContext,
  moods: readonly Mood[] = [],
  catalogue = { readCatalogue, replaceCatalogue },
): Promise<{ root: string; mirror: FlakyMirror; files: typeof files }> {
  const packed = Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]);
  const mirror = await flakyMirror(t, Object.fromEntries(packed), moods);
  const published = Object.entries(files).map(([name, bytes]): PublishedFile => {
    return { name, bytes: bytes.length, sha256: sha256(bytes), blockBytes: 64, blocks: blockSums(bytes, 64) };
  });
  const mnist: PublishedDataset = {
    title: "MNIST",
    loader: "loadMnist",
    licence: "none",
    cite: "nobody",
    files: published,
    mirrors: [{ kind: "gz", url: mirror.url, bytes: 1000 }],
  };
  const root = scratch(t);
  mkdirSync(join(root, "notebooks"));
  const before = catalogue.replaceCatalogue({ ...catalogue.readCatalogue(), mnist });
  const { GRADBOOK_DATA: variable } = process.env;
  const folder = process.cwd();
  t.after(() => {
    process.chdir(folder);
    catalogue.replaceCatalogue(before);
    if (variable !== undefined) process.env.GRADBOOK_DATA = variable;
    else delete process.env.GRADBOOK_DATA;
  });
  delete process.env.GRADBOOK_DATA;
  process.chdir(root);
  return { root: process.cwd(), mirror, files };
}
