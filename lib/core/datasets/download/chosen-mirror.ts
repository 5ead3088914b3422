import { resolve } from "node:path";
import { configError, type GradbookError, isFolder } from "@gradbook/base";
import type { Mirror, PublishedDataset } from "../catalogue.js";

export const mirrorVariable = "GRADBOOK_MIRROR";

/**
 * A data set with the one mirror that somebody chose: behind a closed network, or where a course has a copy. What it
 * delivers is verified like every other.
 * @param from a folder with the files (raw or .gz), a URL under which each file is NAME.gz, or that of a .tar.gz;
 *   default: `$GRADBOOK_MIRROR`, else the mirrors of the catalogue
 */
export function withChosenMirror(
  published: PublishedDataset,
  from: string | undefined = process.env[mirrorVariable],
): PublishedDataset {
  if (from === undefined || from === "") return published;
  return { ...published, mirrors: [chosenMirror(from, published)] };
}

function chosenMirror(from: string, { files, mirrors }: PublishedDataset): Mirror {
  const raw = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!/^https?:\/\//i.test(from)) return folderMirror(from, raw);
  const bytes = mirrors.find((mirror) => "url" in mirror)?.bytes ?? raw;
  if (!URL.canParse(from)) throw noMirror(from, "it is not a URL");
  if (/\.(?:tar\.gz|tgz)$/i.test(new URL(from).pathname)) return { kind: "tar", url: from, bytes };
  return { kind: "gz", url: from.endsWith("/") ? from : `${from}/`, bytes };
}

function folderMirror(from: string, bytes: number): Mirror {
  const path = resolve(from);
  if (isFolder(path)) return { kind: "folder", path, bytes };
  throw noMirror(from, "there is no such folder");
}

function noMirror(from: string, got: string): GradbookError {
  return configError(
    `mirror ${JSON.stringify(from)}`,
    got,
    "a folder with the files, or the URL (http or https) of a copy",
  );
}
