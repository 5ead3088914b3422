import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Which packages a package stands on. */
const packages: Readonly<Record<string, string>> = {
  base: "",
  kernel: "base",
  core: "base",
  doctor: "base core",
  tools: "base core doctor kernel",
  gradbook: "base core doctor kernel tools",
};

/** Which rooms of its package a room stands on, `shared` for what lies beside them: imports run downwards only. */
const floors: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  base: { errors: "", frontend: "", files: "errors" },
  // its three threads share what lies beside them, and no code of each other
  kernel: {
    jupyter: "",
    wire: "shared jupyter",
    main: "shared jupyter",
    language: "shared jupyter",
    papermill: "",
  },
  core: {
    tensor: "",
    datasets: "tensor",
    engine: "tensor",
    layers: "tensor engine",
    losses: "tensor engine",
    optimizers: "tensor engine",
    schedules: "tensor",
    train: "tensor datasets engine layers losses optimizers schedules",
    saving: "tensor engine layers train",
    embed: "tensor engine train",
    sweep: "tensor train",
    figures: "",
    display: "figures",
  },
  tools: {
    render: "",
    notebook: "",
    report: "render notebook",
    homework: "render notebook report",
    templates: "",
    cli: "render notebook report homework",
  },
};

const lib = join(dirname(fileURLToPath(import.meta.url)), "../../lib");

interface Import {
  /** From the package's folder. */
  readonly file: string;
  readonly target: string;
}

/** Everything that a package's sources import, tests left out. */
function importsOf(name: string): readonly Import[] {
  const folder = join(lib, name);
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => /\.c?ts$/.test(file) && !/^(dist|node_modules)[\\/]|\.test\.|\.d\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const found = text.matchAll(
        /^(?:import|export)\b[^;"']*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
      );
      return [...found]
        .map(([, ...targets]) => ({ file, target: targets.find(Boolean) ?? "" }))
        .filter(({ target }) => !target.includes("${"));
    });
}

test("every package and every room has a floor", () => {
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
      .map(({ name }) => name)
      .sort();
  const published = folders(lib).filter((name) => existsSync(join(lib, name, "package.json")));
  assert.deepEqual(published, Object.keys(packages).sort());
  for (const [name, rooms] of Object.entries(floors))
    assert.deepEqual(folders(join(lib, name)), Object.keys(rooms).sort());
});

for (const [name, below] of Object.entries(packages))
  test(`@gradbook/${name} imports what its package.json names, and stands on ${below || "nothing"}`, () => {
    const manifest = JSON.parse(readFileSync(join(lib, name, "package.json"), "utf8"));
    const own = below === "" ? [] : below.split(" ").map((one) => `@gradbook/${one}`);
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    assert.deepEqual(declared.filter((one) => one.startsWith("@gradbook/")).sort(), own);
    const undeclared = importsOf(name)
      .filter(({ target }) => !/^(\.|node:)/.test(target) && !builtinModules.includes(target))
      .filter(({ target }) => !declared.includes(/^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? ""));
    assert.deepEqual(undeclared, []);
  });

for (const [name, rooms] of Object.entries(floors))
  for (const [room, stands] of Object.entries(rooms))
    test(`${name}/${room} stands on ${stands || "nothing"}`, () => {
      const upwards = importsOf(name)
        .filter(({ file, target }) => file.startsWith(`${room}${sep}`) && target.startsWith("."))
        .filter(({ file, target }) => {
          const [first, ...rest] = relative(name, join(name, file, "..", target)).split(sep);
          const to = rest.length === 0 ? "shared" : first;
          return to !== room && !stands.split(" ").includes(to);
        });
      assert.deepEqual(upwards, []);
    });
