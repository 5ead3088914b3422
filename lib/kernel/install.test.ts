import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeKernelSpec, writeKernelSpec } from "./install.js";
import { kernelSpec } from "./jupyter/kernelspec.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-install-"));
after(() => rmSync(root, { recursive: true }));

const python = {
  argv: ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
  display_name: "Python 3",
};
const tslab = { argv: ["tslab", "kernel", "--config-path", "{connection_file}"], display_name: "TypeScript" };
const node = {
  argv: ["/usr/bin/node", "/usr/lib/node_modules/tslab/bin/tslab", "kernel"],
  display_name: "TypeScript",
};

function folderWith(name: string, text: string): { data: string; path: string } {
  const data = mkdtempSync(join(root, "d-"));
  const path = join(data, "kernels", name, "kernel.json");
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return { data, path };
}

function written(name: string): string {
  return readFileSync(join(writeKernelSpec(mkdtempSync(join(root, "w-")), name), "kernel.json"), "utf8");
}

/** As another installation wrote it: moved, for another Node, with other metadata. */
const elsewhere = written("gradbook");
const { argv: ownArgv, ...ownSpec } = kernelSpec("gradbook");
const firstArgv = [...ownArgv.slice(0, 2), "/new/cli/gradbook.mjs", "kernel", ...ownArgv.slice(3)];
const first = JSON.stringify({ argv: firstArgv, ...ownSpec, metadata: { debugger: false } }, null, 2);

const replaced: readonly [title: string, name: string, text: string][] = [
  ["our own", "gradbook", elsewhere],
  ["that of 0.1.0", "gradbook", `${first}\n`],
  [
    "that of 0.1.0 in another place",
    "gradbook",
    first.replace(/"[^"]*gradbook\.mjs"/, '"/old/cli/gradbook.mjs"'),
  ],
  ["tslab's, by --name tslab", "tslab", JSON.stringify(tslab)],
  ["tslab's, called through node, by --name jslab", "jslab", JSON.stringify(node)],
];

for (const [title, name, text] of replaced) {
  test(`a kernelspec is replaced: ${title}`, () => {
    const { data, path } = folderWith(name, text);
    writeKernelSpec(data, name);
    assert.deepEqual(JSON.parse(readFileSync(path, "utf8")).argv, kernelSpec(name).argv);
    assert.deepEqual(readdirSync(join(path, "..")), ["kernel.json"]);
  });
}

const refused: readonly [title: string, name: string, text: string][] = [
  ["another kernel's", "python3", JSON.stringify(python)],
  ["another kernel's under tslab's name", "tslab", JSON.stringify(python)],
  ["tslab's under another name", "ts", JSON.stringify(tslab)],
  [
    "ours with a variable more",
    "gradbook",
    elsewhere.replace('"language"', '"env": {"A": "b"},\n  "language"'),
  ],
  ["ours with another title", "gradbook", elsewhere.replace("TypeScript (gradbook)", "TS")],
  ["that of 0.1.0 with an option more", "gradbook", first.replace('"kernel",', '"kernel", "--remote",')],
  ["not JSON", "gradbook", "{"],
  ["an empty file", "gradbook", ""],
  ["JSON of another kind", "gradbook", "[1]"],
];

for (const [title, name, text] of refused) {
  test(`a kernelspec is left alone: ${title}`, () => {
    const { data, path } = folderWith(name, text);
    assert.throws(() => writeKernelSpec(data, name), {
      message:
        /kernel\.json: it is another kernel's .*, or one that was changed\. It was not touched\. Remove it/,
    });
    assert.equal(readFileSync(path, "utf8"), text);
  });
}

test("a kernelspec that is a link is left alone, and a place that cannot be written is named", () => {
  const { data, path } = folderWith("one", "x");
  symlinkSync(join(path, ".."), join(data, "kernels/two"));
  mkdirSync(join(data, "kernels/three"));
  symlinkSync(path, join(data, "kernels/three/kernel.json"));
  assert.throws(() => writeKernelSpec(data, "three"), /It was not touched/);
  assert.throws(() => writeKernelSpec(path, "gradbook"), /kernel\.json is a file/);
  assert.equal(readFileSync(path, "utf8"), "x");
});

test("what was installed is taken back, and nothing else", () => {
  const { data, path } = folderWith("gradbook", elsewhere);
  assert.equal(removeKernelSpec(data, "gradbook"), join(path, ".."));
  assert.equal(existsSync(join(path, "..")), false);
  writeKernelSpec(data, "gradbook");
  writeFileSync(join(path, "../logo.svg"), "<svg/>");
  removeKernelSpec(data, "gradbook");
  assert.deepEqual(readdirSync(join(path, "..")), ["logo.svg"]);
  assert.throws(() => removeKernelSpec(data, "gradbook"), /kernel\.json: there is no such file\./);
  assert.throws(() => removeKernelSpec(data, "../x"), /kernel name: "\.\.\/x", expected letters/);
});

for (const [title, name, text] of [...refused, ["tslab's own", "tslab", JSON.stringify(tslab)] as const]) {
  test(`a kernelspec is not removed: ${title}`, () => {
    const { data, path } = folderWith(name, text);
    assert.throws(() => removeKernelSpec(data, name), /It was not touched/);
    assert.equal(readFileSync(path, "utf8"), text);
  });
}
