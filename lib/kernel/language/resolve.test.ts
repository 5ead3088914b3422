import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { Resolver } from "./resolve.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-resolve-")));
process.once("exit", () => rmSync(root, { recursive: true }));

const files: Readonly<Record<string, string>> = {
  "package.json":
    '{ "name": "own", "exports": { ".": "./src/main.ts", "./*": "./src/*.ts" }, "imports": { "#tool": "./src/tool.ts" } }',
  "src/main.ts": "",
  "src/tool.ts": "",
  "src/both.ts": "",
  "src/both.js": "",
  "src/folder/index.ts": "",
  "src/data.json": "{}",
  "node_modules/plain/package.json": '{ "main": "lib/entry" }',
  "node_modules/plain/lib/entry.js": "",
  "node_modules/plain/other.js": "",
  "node_modules/bare/index.js": "",
  "node_modules/@scope/conditions/package.json":
    '{ "exports": { ".": { "browser": "./b.js", "node": { "import": "./n.mjs" }, "default": "./d.js" }, "./sub": { "require": "./s.cjs", "default": "./s.mjs" }, "./deep/*.js": "./x/*.js", "./hidden": null } }',
  "node_modules/@scope/conditions/n.mjs": "",
  "node_modules/@scope/conditions/s.mjs": "",
  "node_modules/@scope/conditions/x/y.js": "",
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const from = join(root, "src/notebook.ts");
const resolver = new Resolver(() => ({ path: undefined, options: {}, stamp: "" }));

function show(specifier: string): string {
  const target = resolver.resolve(specifier, from);
  return target.kind === "builtin"
    ? `builtin ${target.specifier}`
    : `${target.kind} ${relative(root, target.path)}`;
}

const cases: Readonly<Record<string, string>> = {
  "node:fs": "builtin node:fs",
  fs: "builtin fs",
  "./main.ts": "project src/main.ts",
  "./main": "project src/main.ts",
  "./main.js": "project src/main.ts",
  "./both.js": "project src/both.ts",
  "./folder": "project src/folder/index.ts",
  "./data.json": "project src/data.json",
  "../src/tool.ts": "project src/tool.ts",
  "#tool": "project src/tool.ts",
  own: "project src/main.ts",
  "own/tool": "project src/tool.ts",
  plain: "package node_modules/plain/lib/entry.js",
  "plain/other": "package node_modules/plain/other.js",
  bare: "package node_modules/bare/index.js",
  "@scope/conditions": "package node_modules/@scope/conditions/n.mjs",
  "@scope/conditions/sub": "package node_modules/@scope/conditions/s.mjs",
  "@scope/conditions/deep/y.js": "package node_modules/@scope/conditions/x/y.js",
};
for (const [specifier, wanted] of Object.entries(cases))
  test(`${specifier} → ${wanted}`, () => assert.equal(show(specifier), wanted));

test("refused: what is not there, with a cure for packages", () => {
  assert.throws(() => show("./none.ts"), /^ModuleNotFound: Cannot find "\.\/none\.ts" from /);
  assert.throws(
    () => show("none/sub"),
    /Cannot find "none\/sub" from .*\. npm install none in that folder installs it\./,
  );
});

test("refused: what a package keeps to itself or lacks, which no npm install cures", () => {
  const cure = /Package @scope\/conditions is installed but does not provide it\.$/;
  assert.throws(() => show("@scope/conditions/hidden"), cure);
  assert.throws(() => show("@scope/conditions/x/y.js"), cure);
  assert.throws(() => show("@scope/conditions/deep/none.js"), cure);
});

test("refused: what a package's own imports lack", () => {
  assert.throws(
    () => show("#none"),
    /^ModuleNotFound: Cannot find "#none" from \S+\. "imports" of \S+package\.json leads to no such file\.$/,
  );
});

test("the file that imports is named", () => {
  assert.throws(
    () => resolver.resolve("./none.js", join(root, "src/main.ts")),
    /Cannot find "\.\/none\.js" from \S+main\.ts\.$/,
  );
  assert.throws(
    () => resolver.resolve("none", join(root, "src/main.ts")),
    /main\.ts\. npm install none in its folder installs it\.$/,
  );
});
