import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { emitOptions } from "./compiler-options.js";
import { JsonMistake, parseJsonc } from "./jsonc.js";
import { serverPath } from "./language-server.js";
import { ConfigReader } from "./tsconfig.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-tsconfig-")));
process.once("exit", () => rmSync(root, { recursive: true }));

/** Numbers from 0 to 1 that are the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Files that may extend those behind them, by every way that leads there. */
const places = [
  "app/tsconfig.json",
  "app/more/a.json",
  "config/b.json",
  "node_modules/pack/c.json",
  "node_modules/@s/own/tsconfig.json",
];
const ways: Readonly<Record<string, readonly string[]>> = {
  "app/more/a.json": ["./more/a.json", "./more/a", "{root}/app/more/a.json"],
  "config/b.json": ["../config/b", "../config/b.json"],
  "node_modules/pack/c.json": ["pack/c.json", "pack/c"],
  "node_modules/@s/own/tsconfig.json": ["@s/own", "@s/own/tsconfig.json", "@s/own/tsconfig"],
};
const values: Readonly<Record<string, readonly unknown[]>> = {
  experimentalDecorators: [true, false, null],
  emitDecoratorMetadata: [true, false],
  useDefineForClassFields: [true, false, null],
  target: ["es2020", "es2022", "esnext"],
  jsx: ["react", "react-jsx", "preserve", null],
  jsxImportSource: ["preact", "solid-js"],
  strict: [true, false],
  verbatimModuleSyntax: [true, false, null],
  customConditions: [["source"], ["a", "b"], null],
  moduleSuffixes: [[".node", ""], [""]],
  rootDirs: [["./one", "../two"], ["."]],
  typeRoots: [["./types"], null],
};

for (let seed = 0; seed < 120; seed++) {
  test(`reads what tsc reads: files made from the number ${seed}`, () => {
    const random = randomNumbers(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
    const folder = join(root, String(seed));
    for (const [i, place] of places.entries()) {
      const file = join(folder, place);
      const bases = places.slice(i + 1).filter(() => random() < 0.5);
      const named = bases.map((base) => {
        // Only from app/ all ways lead there.
        const way = i === 0 || !/^\.\.?\//.test(ways[base][0]) ? pick(ways[base]) : `{root}/${base}`;
        return way.replace("{root}", folder);
      });
      const options = Object.entries(values).flatMap(([name, list]) =>
        random() < 0.3 ? [[name, pick(list)]] : [],
      );
      const config = {
        ...(named.length === 0 ? {} : { extends: named.length === 1 && random() < 0.5 ? named[0] : named }),
        compilerOptions: Object.fromEntries(options),
      };
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `// ${seed}\n${JSON.stringify(config, null, 2)}\n`);
    }
    writeFileSync(join(folder, "app/code.ts"), "");
    const app = join(folder, "app");
    const shown: { compilerOptions: Record<string, unknown> } = JSON.parse(
      execFileSync(serverPath(), ["--showConfig", "-p", app], { encoding: "utf8" }),
    );
    const absolute = (name: string, value: unknown): unknown =>
      /^(?:rootDirs|typeRoots)$/.test(name) && Array.isArray(value)
        ? value.map((one) => resolve(app, String(one)))
        : value;
    // It shows what follows from options as well.
    const written = Object.entries(shown.compilerOptions).filter(([name]) => name in values);
    const wanted = written.map(([name, value]) => [name, absolute(name, value)]);
    const { options } = new ConfigReader(app).read();
    const { useDefineForClassFields } = emitOptions(options).compilerOptions;
    assert.deepEqual(
      { ...options, useDefineForClassFields },
      { useDefineForClassFields: true, ...Object.fromEntries(wanted) },
      readFileSync(join(app, "tsconfig.json"), "utf8"),
    );
  });
}

for (const [text, wanted] of [
  ["", {}],
  ["// nothing\n", {}],
  ["{ }", {}],
  [
    '{ "a": [1, -2.5, "x", true, null,], /* b */ "b": { "c": "// no comment" }, }',
    { a: [1, -2.5, "x", true, null], b: { c: "// no comment" } },
  ],
  ["null", null],
  ["[]", []],
] as const) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseJsonc(text), wanted));
}

for (const [text, line, column] of [
  ["{", 1, 2],
  ['{ "a" 1 }', 1, 7],
  ["{ a: 1 }", 1, 3],
  ["{ 'a': 1 }", 1, 3],
  ["{ \"a\": 'x' }", 1, 8],
  ['{\n  "a": b }', 2, 8],
  ['{ "a": 1 } { }', 1, 12],
  ['{ "a": `x` }', 1, 8],
  ['{ "a": f() }', 1, 8],
  ["{ ...x }", 1, 3],
  ['{ "a": +1 }', 1, 8],
  ['{ "a": 1 }); (process.exit()', 1, 1],
] as const) {
  test(`refuses ${JSON.stringify(text)} with its place`, () => {
    assert.throws(
      () => parseJsonc(text),
      (error) => error instanceof JsonMistake && error.line === line && error.column === column,
    );
  });
}
