import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { figureFrom } from "@gradbook/core/internal";
import { Artist } from "./artist.js";

const artist = new Artist(10_000);
after(() => artist.end());
const good = figureFrom({ data: [{ y: [1, 2] }] }, "test");

/** Figures that never end, throw, or are too much. */
const bad: readonly (readonly [string, unknown, RegExp])[] = [
  [
    "contours 1e-9 apart",
    {
      data: [
        {
          type: "contour",
          z: [
            [1, 2],
            [3, 4],
          ],
          contours: { start: 0, end: 10, size: 1e-9 },
        },
      ],
    },
    /not drawn within 10 s|process that draws it ended/,
  ],
  [
    "a carpet of one thread",
    { data: [{ type: "carpet", a: [1], b: [1], y: [1] }] },
    /Cannot read properties/,
  ],
];
for (const [title, figure, why] of bad) {
  test(`${title}: given up with the reason, and the next figure is drawn`, { timeout: 60_000 }, async () => {
    await assert.rejects(artist.figure(figureFrom(figure, "test"), {}), why);
    assert.equal((await artist.figure(good, {})).files.length, 4);
  });
}

test("an SVG that ends the process that draws it is given up, and the next is drawn", async () => {
  const svg = (size: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="5" height="5"/></svg>`;
  await assert.rejects(artist.drawing(svg("1e9"), 1), /process that draws it ended|larger/);
  assert.ok((await artist.drawing(svg("9"), 1)).length > 50);
});

test("many elements are pixels in the PDF", { timeout: 60_000 }, async () => {
  const patient = new Artist();
  try {
    const y = Array.from({ length: 7000 }, (_, i) => (i * 7919) % 7000);
    const { paperPng, said } = await patient.figure(figureFrom({ data: [{ mode: "markers", y }] }, "t"), {});
    assert.ok((paperPng?.length ?? 0) > 1000);
    assert.deepEqual(said, []);
  } finally {
    patient.end();
  }
});

test("it ends with the process that asked, also in the middle of a picture that never ends", {
  timeout: 60_000,
  skip: process.platform === "win32" && "no ps",
}, async () => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const core = pathToFileURL(createRequire(import.meta.url).resolve("@gradbook/core/internal")).href;
  const script = `
    const { Artist } = await import(${url("./artist.js")});
    const { figureFrom } = await import(${JSON.stringify(core)});
    const contours = { start: 0, end: 10, size: 1e-9 };
    new Artist().figure(figureFrom({ data: [{ type: "contour", z: [[1, 2], [3, 4]], contours }] }, "t"), {});
    setTimeout(() => console.log("drawing"), 3000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(parent.stdout, "data");
  const table = () =>
    spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
      .stdout.split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
  const children = table().flatMap(([pid, ppid]) => (ppid === parent.pid ? [pid] : []));
  assert.equal(children.length, 1);
  parent.kill("SIGKILL");
  for (let waited = 0; table().some(([pid]) => pid === children[0]); waited += 200) {
    assert.ok(waited < 20_000, "the drawing process is still there");
    await sleep(200);
  }
});
