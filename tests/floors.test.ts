import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Which rooms of lib/ a room stands on: imports run downwards only. */
const floors: Readonly<Record<string, string>> = {
  errors: "",
  frontend: "",
  files: "errors",
  tensor: "errors",
  datasets: "errors files tensor",
  engine: "errors tensor",
  layers: "errors frontend tensor engine",
  losses: "errors tensor engine",
  optimizers: "errors tensor engine",
  schedules: "errors",
  train: "errors frontend files tensor datasets engine layers losses optimizers schedules",
  doctor: "errors frontend files tensor datasets engine layers losses optimizers schedules train",
  embed: "errors frontend tensor engine train",
  sweep: "errors frontend files tensor",
  figures: "errors frontend",
  display: "errors frontend figures",
  kernel: "errors frontend files",
  notebook: "errors frontend files",
  report: "errors frontend files figures display notebook datasets",
  homework: "errors frontend files figures display notebook report",
  cli: "errors frontend files datasets doctor sweep figures display kernel notebook report homework train",
};

const lib = join(dirname(fileURLToPath(import.meta.url)), "../../lib");

test("every room has a floor", () => {
  const rooms = readdirSync(lib, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
    .map(({ name }) => name);
  assert.deepEqual(rooms.sort(), Object.keys(floors).sort());
});

for (const [room, stands] of Object.entries(floors))
  test(`${room} stands on ${stands || "nothing"}`, () => {
    const sources = readdirSync(join(lib, room), { recursive: true }).map(String);
    const upwards = sources
      .filter((file) => /\.c?ts$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(lib, room, file), "utf8");
        const imports = text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
        return [...imports].flatMap(([, target]) => {
          const to = relative(lib, join(lib, room, file, "..", target)).split(sep)[0];
          return to === room || stands.split(" ").includes(to) ? [] : [`${file} imports ${target}`];
        });
      });
    assert.deepEqual(upwards, []);
  });
