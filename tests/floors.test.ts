import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * Which rooms of lib/ a room stands on: imports run downwards only. A room inside of another one is a room of its own:
 * the kernel's three threads share what lies beside them, and no code of each other.
 */
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
  "kernel/jupyter": "errors frontend files",
  "kernel/wire": "errors frontend files kernel kernel/jupyter",
  "kernel/main": "errors frontend files kernel kernel/jupyter",
  "kernel/language": "errors frontend files kernel kernel/jupyter",
  kernel: "errors frontend files kernel/jupyter kernel/main",
  notebook: "errors frontend files kernel/jupyter",
  report: "errors frontend files figures display kernel/jupyter notebook datasets",
  homework: "errors frontend files figures display kernel/jupyter notebook report",
  cli: "errors frontend files datasets doctor sweep figures display kernel kernel/jupyter notebook report homework train",
};

const lib = join(dirname(fileURLToPath(import.meta.url)), "../../lib");

test("every room has a floor", () => {
  const rooms = readdirSync(lib, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
    .map(({ name }) => name);
  assert.deepEqual(
    rooms.sort(),
    Object.keys(floors)
      .filter((room) => !room.includes("/"))
      .sort(),
  );
});

/** The innermost room in which a path relative to lib/ lies. */
function roomOf(path: string): string | undefined {
  const within = Object.keys(floors).filter((room) => path.startsWith(`${room}/`));
  return within.sort((a, b) => b.length - a.length)[0];
}

for (const [room, stands] of Object.entries(floors))
  test(`${room} stands on ${stands || "nothing"}`, () => {
    const allowed = [room, ...stands.split(" ")];
    const sources = readdirSync(join(lib, room), { recursive: true })
      .map((file) => `${room}/${String(file).split(sep).join("/")}`)
      .filter((file) => /\.c?ts$/.test(file) && roomOf(file) === room);
    assert.ok(sources.length > 0);
    const upwards = sources.flatMap((file) => {
      const imports = readFileSync(join(lib, file), "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
      return [...imports].flatMap(([, target]) => {
        const to = roomOf(posix.join(file, "..", target));
        return to !== undefined && allowed.includes(to) ? [] : [`${file} imports ${target}`];
      });
    });
    assert.deepEqual(upwards, []);
  });
