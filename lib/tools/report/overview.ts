import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, htmlComment, isSealed, onDisk, seal, shownPath, writeAtomic } from "@gradbook/base";
import { escapeHtml } from "@gradbook/core/internal";
import { fontFaces } from "../render/subset-font.js";
import { previewName, readManifest } from "./manifest.js";
import { pageStyle } from "./page-style.js";

const overviewStyle = `
.reports { list-style: none; padding: 0; display: grid; gap: 1.2rem; }
.reports li { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.2rem; }
.reports h2 { border: 0; margin: 0; padding: 0; font-size: 1.2rem; }
.reports .links a:first-child { margin-left: 0; }
.reports img { background: #fff; border-radius: 6px; max-width: 100%; height: auto; margin-top: .6rem; }
`;

const elsewhere = "--out DIR";

/**
 * Whether `index.html` of a folder of reports may be written: it is not there, or it is the one that gradbook wrote,
 * unchanged (see `seal`).
 * @throws GradbookError otherwise
 */
export function assertOwnOverview(folder: string): void {
  const path = join(folder, "index.html");
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  const isFile = found.isFile();
  if (
    isFile &&
    isSealed(
      onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")),
      htmlComment,
    )
  )
    return;
  throw new GradbookError({
    code: "foreign",
    what: shownPath(path),
    got: "it is not the overview as gradbook wrote it",
    cure: "It was not touched. Move it away, choose another location with --out DIR, or leave the overview out with --no-overview.",
  });
}

/**
 * Writes `index.html` over all reports of a folder: their titles, facts, first figures and files.
 * @throws GradbookError when an `index.html` of somebody's own is there
 */
export function writeOverview(folder: string): void {
  assertOwnOverview(folder);
  const page = seal(overviewPage(folder), htmlComment);
  writeAtomic(join(folder, "index.html"), page, { elsewhere });
}

function overviewPage(folder: string): string {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
  const items = names.flatMap((name) => {
    const manifest = readManifest(join(folder, name));
    if (manifest === null) return [];
    const link = (file: string, text: string) =>
      existsSync(join(folder, name, file)) ? ` <a href="${address(name, file)}">${text}</a>` : "";
    return [
      `<li><h2>${link("index.html", escapeHtml(manifest.title))}</h2>`,
      `<p class="facts">${manifest.facts.map(escapeHtml).join(" · ")}</p>`,
      `<p class="links">${link(`${name}.pdf`, "PDF")}${link(`${name}.ipynb`, "executed notebook")}${link("metrics.json", "metrics")}</p>`,
      Object.hasOwn(manifest.files, previewName)
        ? `<img src="${address(name, previewName)}" alt="" loading="lazy">`
        : "",
      "</li>",
    ];
  });
  const body = `<h1>Reports</h1><ul class="reports">${items.join("\n")}</ul>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reports</title><style>${fontFaces(body.replace(/<[^>]*>/g, ""))}${pageStyle}${overviewStyle}</style></head>
<body><main>
${body}
</main></body></html>
`;
}

/** A report's file as the overview links it: a name may hold #, ? and %. */
function address(name: string, file: string): string {
  return escapeHtml([name, ...file.split("/")].map(encodeURIComponent).join("/"));
}
