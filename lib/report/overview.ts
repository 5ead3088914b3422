import { existsSync, readdirSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { escapeHtml } from "../display/escape.js";
import { fontFaces } from "../figures/render/subset-font.js";
import { readManifest } from "./manifest.js";
import { pageStyle } from "./page-style.js";

const overviewStyle = `
.reports { list-style: none; padding: 0; display: grid; gap: 1.2rem; }
.reports li { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.2rem; }
.reports h2 { border: 0; margin: 0; padding: 0; font-size: 1.2rem; }
.reports .links a:first-child { margin-left: 0; }
.reports img { max-width: 100%; height: auto; margin-top: .6rem; }
`;

/** Writes `index.html` over all reports of a folder: their titles, facts, first figures and files. */
export async function writeOverview(folder: string): Promise<void> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
  const items = names.flatMap((name) => {
    const manifest = readManifest(join(folder, name));
    if (manifest === null) return [];
    const picture = Object.keys(manifest.files).find((file) => /^figures\/[^@]*\.png$/.test(file));
    const link = (file: string, text: string) =>
      existsSync(join(folder, name, file))
        ? ` <a href="${escapeHtml(encodeURI(`${name}/${file}`))}">${text}</a>`
        : "";
    return [
      `<li><h2>${link("index.html", escapeHtml(manifest.title))}</h2>`,
      `<p class="facts">${manifest.facts.map(escapeHtml).join(" · ")}</p>`,
      `<p class="links">${link(`${name}.pdf`, "PDF")}${link(`${name}.ipynb`, "executed notebook")}${link("metrics.json", "metrics")}</p>`,
      picture === undefined
        ? ""
        : `<img src="${escapeHtml(encodeURI(`${name}/${picture}`))}" alt="" loading="lazy">`,
      "</li>",
    ];
  });
  const body = `<h1>Reports</h1><ul class="reports">${items.join("\n")}</ul>`;
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reports</title><style>${fontFaces(body.replace(/<[^>]*>/g, ""))}${pageStyle}${overviewStyle}</style></head>
<body><main>
${body}
</main></body></html>
`;
  const draft = join(folder, `.index.${process.pid}.html`);
  await writeFile(draft, page);
  await rename(draft, join(folder, "index.html"));
}
