import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { examples } from "#core/figures/examples.test.helper.js";
import { renderPdf } from "#tools/render/pdf.js";
import { renderPng } from "#tools/render/raster.js";
import { renderSvg } from "#tools/render/svg.js";

// The pictures are those of the source tree; UPDATE_SNAPSHOTS=1 writes them anew. They were drawn in another process,
// on another day and perhaps by another version of Node, so equality here is equality of all of these.
const folder = fileURLToPath(new URL("../snapshots/", import.meta.url));
const update = process.env.UPDATE_SNAPSHOTS === "1";

for (const [name, make] of Object.entries(examples)) {
  test(`${name} is drawn as in snapshots/${name}.svg, byte by byte`, async () => {
    const svg = await renderSvg(make());
    const file = `${folder}${name}.svg`;
    const changed = `${folder}${name}-changed.svg`;
    if (update) writeFileSync(file, svg);
    rmSync(changed, { force: true });
    if (existsSync(file) && readFileSync(file, "utf8") === svg) return;
    writeFileSync(changed, svg);
    assert.fail(`lib/figures/snapshots/${name}.svg differs; compare it with ${name}-changed.svg beside it`);
  });
}

test("PNG and PDF of each example have the bytes noted in snapshots/digests.json", async () => {
  const digests: Record<string, { png: string; pdf: string }> = {};
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  for (const [name, make] of Object.entries(examples)) {
    const figure = make();
    const svg = await renderSvg(figure);
    digests[name] = { png: sha256(await renderPng(svg)), pdf: sha256(await renderPdf(svg, figure)) };
  }
  const file = `${folder}digests.json`;
  if (update) writeFileSync(file, `${JSON.stringify(digests, null, 2)}\n`);
  assert.deepEqual(digests, JSON.parse(readFileSync(file, "utf8")));
});
