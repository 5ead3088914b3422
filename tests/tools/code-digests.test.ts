import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { codeDigests as builtDigests, type CodeDigests, executedDigest } from "@gradbook/base";

interface Layout {
  readonly root: string;
  readonly entry: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly manifests: readonly string[];
  readonly isDrawing: (path: string) => boolean;
  readonly isTraining: (path: string) => boolean;
  readonly rendering: string;
  readonly worker: string;
}
type Tool = {
  readonly layout: Layout;
  readonly codeDigests: (layout: Layout, read?: (file: string) => string) => CodeDigests;
};
const { layout, codeDigests }: Tool = await import(
  new URL("../../tools/code-digests.mjs", import.meta.url).href
);

/** The digests of this library, should the code of these modules be another. */
function changed(change: (file: string, text: string) => string): CodeDigests {
  return codeDigests(layout, (file) => {
    const path = file.replaceAll("\\", "/");
    return change(path.slice(path.lastIndexOf("/dist/") + "/dist/".length), readFileSync(file, "utf8"));
  });
}
const more = (where: string) => (file: string, text: string) =>
  file === where ? `${text}\nexport const more = 1;` : text;

const hw4 = new Set(["fit", "conv2d", "relu", "show", "errorCurves", "tsne", "loadMnist"]);
const noRelu = new Set(["fit", "conv2d", "tanh", "show", "errorCurves"]);

test("the build's digests are those of the compiled code", () => {
  assert.deepEqual(codeDigests(layout), builtDigests());
});

test("a comment and a blank line in every module change no digest", () => {
  const commented = changed((_, text) => `// a comment\n\n/* another */ ${text}\n// and one\n`);
  assert.deepEqual(commented, builtDigests());
});

test("the drawing of figures is rendered, not executed: by no notebook and by no training", () => {
  const { rendering, ...others } = changed(more("render/svg.js"));
  const { rendering: before, ...othersBefore } = builtDigests();
  assert.notEqual(rendering, before);
  assert.deepEqual(others, othersBefore);
});

test("the process that draws counts for the rendering, though only its path is named", () => {
  assert.notEqual(changed(more("report/artist-process.js")).rendering, builtDigests().rendering);
});

test("a builder of figures is executed, where it is imported, and is no training", () => {
  const found = changed(more("figures/error-curves.js"));
  assert.notEqual(executedDigest(hw4, found), executedDigest(hw4));
  assert.equal(executedDigest(new Set(["fit"]), found), executedDigest(new Set(["fit"])));
  assert.equal(found.training, builtDigests().training);
});

test("relu counts for a notebook that imports it and for every training, not for one that goes without", () => {
  const found = changed(more("layers/relu.js"));
  assert.notEqual(executedDigest(hw4, found), executedDigest(hw4));
  assert.equal(executedDigest(noRelu, found), executedDigest(noRelu));
  assert.notEqual(executedDigest("everything", found), executedDigest("everything"));
  assert.notEqual(found.training, builtDigests().training);
  assert.equal(found.rendering, builtDigests().rendering);
});

test("the doctor concerns who calls it; the sweep's worker concerns who sweeps", () => {
  const doctor = changed(more("spelling.js"));
  assert.equal(executedDigest(hw4, doctor), executedDigest(hw4));
  assert.notEqual(doctor.exports.diagnose, builtDigests().exports.diagnose);
  const worker = changed(more("sweep/engines/run-job.js"));
  assert.equal(executedDigest(hw4, worker), executedDigest(hw4));
  assert.notEqual(worker.exports.sweep, builtDigests().exports.sweep);
  assert.notEqual(worker.worker, builtDigests().worker);
});

test("a name that the library does not export reaches nothing", () => {
  assert.equal(executedDigest(new Set(["fit", "Layer", "toString"])), executedDigest(new Set(["fit"])));
  assert.equal(executedDigest(new Set()), executedDigest(new Set(["nothing"])));
});

const root = mkdtempSync(join(tmpdir(), "gradbook-digests-"));
after(() => rmSync(root, { recursive: true, force: true }));
let libraries = 0;

/** The digests of a library made up of these files. */
function digestsOf(files: Readonly<Record<string, string>>, packages: Record<string, string> = {}) {
  const folder = join(root, `library${++libraries}`);
  for (const [path, text] of Object.entries({
    "package.json": '{ "dependencies": { "outside": "1.0.0" } }',
    "render.js": "export const page = 1;",
    "worker.js": "export const worker = 1;",
    ...files,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const inFolder = ([name, path]: readonly [string, string]) => [name, join(folder, path)] as const;
  return codeDigests({
    root: folder,
    entry: join(folder, "index.js"),
    packages: Object.fromEntries(Object.entries(packages).map(inFolder)),
    manifests: [join(folder, "package.json")],
    isDrawing: (path) => path.startsWith("drawing/"),
    isTraining: () => true,
    rendering: join(folder, "render.js"),
    worker: join(folder, "worker.js"),
  }).exports;
}

const layer =
  'import { add } from "./sums.js"; import { zero } from "./zero.js"; export const layer = () => add(zero);';
const sums = "export const add = (x) => x + 1; export const mul = (x) => x * 2;";
const zero = "export const zero = 0;";
const plain = digestsOf({
  "index.js": 'export { layer } from "./layer.js"; export { add } from "./sums.js";',
  "layer.js": layer,
  "sums.js": sums,
  "zero.js": zero,
});

test("where a module lies, by what entry it is reached and in what order it is imported changes nothing", () => {
  const moved = digestsOf(
    {
      "index.js": 'import "@x/core"; export * from "./a/b/layer.js"; export { add } from "@x/core";',
      "a/b/layer.js":
        'import { zero } from "@x/core";\nimport { add } from "@x/core";\nexport const layer = () => add(zero);',
      "core/entry.js":
        'export { zero } from "./z.js"; export { add, mul } from "./s.js"; export * from "./unused.js";',
      "core/s.js": sums,
      "core/z.js": zero,
      "core/unused.js": "export const unused = 1;",
    },
    { "@x/core": "core/entry.js" },
  );
  assert.deepEqual(moved, plain);
});

for (const [what, files] of Object.entries<Readonly<Record<string, string>>>({
  "a constant deep below": { "zero.js": "export const zero = -0;" },
  "a sign in a template": {
    "sums.js": "export const add = (x) => x + `1`; export const mul = (x) => x * 2;",
  },
  "another module that has the same name": {
    "layer.js": layer.replace("./zero.js", "./sums.js"),
    "sums.js": `${sums} export const zero = 0;`,
  },
  "a statement that is broken off by a line end": {
    "sums.js": "export const add = (x) => { return\nx + 1; }; export const mul = (x) => x * 2;",
  },
  "a module that is only loaded": {
    "layer.js": `import "./more.js"; ${layer}`,
    "more.js": "globalThis.x = 1;",
  },
})) {
  test(`${what} counts`, () => {
    const found = digestsOf({
      "index.js": 'export { layer } from "./layer.js"; export { add } from "./sums.js";',
      "layer.js": layer,
      "sums.js": sums,
      "zero.js": zero,
      ...files,
    });
    assert.notEqual(found.layer, plain.layer);
  });
}

test("which of two modules an import means counts, though both are reached", () => {
  const of = (from: string) =>
    digestsOf({
      "index.js": `import { f } from "./${from}.js"; import { g } from "./${from === "one" ? "two" : "one"}.js"; export const a = [f, g];`,
      "one.js": "export const f = 1; export const g = 2;",
      "two.js": "export const g = 1; export const f = 2;",
    }).a;
  assert.notEqual(of("one"), of("two"));
});

test("the version of a package counts, whether it is imported or named", () => {
  for (const code of [
    'import x from "outside"; export const a = x;',
    'export const a = require.resolve("outside/file");',
  ]) {
    const of = (version: string) =>
      digestsOf({
        "package.json": `{ "dependencies": { "outside": "${version}" } }`,
        "index.js": `export * from "./a.js"; export const b = 1;`,
        "a.js": code,
      });
    assert.notEqual(of("1.0.0").a, of("1.0.1").a);
    assert.equal(of("1.0.0").b, of("1.0.1").b);
  }
});

for (const specifier of ["./gone.js", "@gradbook/core", "gradbook", "unknown"])
  test(`an import of ${specifier}, which nobody knows, ends the build instead of being left out`, () => {
    assert.throws(
      () => digestsOf({ "index.js": `import { x } from "${specifier}"; export const a = x;` }),
      /index\.js imports .*, which is unknown\. Name it in layout\.packages\./,
    );
  });

test("what is drawn is left out, and two modules that import one another come to an end", () => {
  const of = (drawn: string) =>
    digestsOf({
      "index.js": 'export { show } from "./a.js";',
      "a.js":
        'import { b } from "./b.js"; export const show = async () => [b, await import("./drawing/svg.js")];',
      "b.js": 'import { show } from "./a.js"; export const b = () => show;',
      "drawing/svg.js": drawn,
    });
  assert.deepEqual(of("export const svg = 1;"), of("export const svg = 2;"));
});
