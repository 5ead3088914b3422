// Set-up of a checkout with nothing but Node and npm: install what package-lock.json names, then build lib/ and tests/.
// Plain JavaScript, because it runs before there is a TypeScript compiler. Each part is skipped when it is up to date.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`gradbook: Node ${process.versions.node}, expected 20 or newer. Install it from nodejs.org.`);
  process.exit(1);
}

/** Each package stands on those before it. */
const packages = ["base", "kernel", "core", "doctor", "tools", "gradbook"];

/** The packages that export bundles: entry → its module in dist/. */
const bundles = {
  base: { index: "index.js" },
  core: { index: "index.js", internal: "internal.js", "run-job": "sweep/engines/run-job.js" },
  doctor: {
    index: "index.js",
    internal: "internal.js",
    judge: "file/judge.js",
    "channel-thread": "file/channel-thread.js",
    child: "file/child.js",
    library: "file/library.js",
  },
};

try {
  const release = takeTurns();
  try {
    installWhenNeeded();
    await build();
  } finally {
    release();
  }
} catch (error) {
  if (error?.syscall === undefined) throw error;
  console.error(inWords(error));
  process.exit(1);
}

/** What the operating system refuses, with a cure of its own; the whole table (lib/errors) is not built yet. */
function inWords({ code, path = root, syscall }) {
  const words = {
    ENOSPC: "the disk is full. Make room on it: packages and build take about 400 MB.",
    EDQUOT:
      "your quota on this disk is used up. Delete files of yours: packages and build take about 400 MB.",
    EROFS: "its file system is read-only. Copy the project to a place of your own.",
    EACCES: "you have no permission to write there. Check its permissions with ls -ld.",
    EPERM: "you have no permission to write there. Check its permissions with ls -ld.",
  };
  return `gradbook: ${path}: ${words[code] ?? `the operating system refuses ${syscall} (${code}).`}`;
}

/** One set-up at a time in a checkout: two `npm ci` at once would pull node_modules from under one another. */
function takeTurns() {
  const lock = join(root, ".cache/setup.lock");
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      // a set-up that was killed leaves its lock behind
      if (isRunning(Number(readIfThere(lock))))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      else rmSync(lock, { force: true });
    }
  }
  const remove = () => rmSync(lock, { force: true });
  process.once("exit", remove);
  return remove;
}

function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** `npm ci` unless node_modules was installed from this very package-lock.json on this kind of machine. */
function installWhenNeeded() {
  const stamp = join(root, "node_modules/.gradbook-installed");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const wanted = `${lock} ${process.platform}-${process.arch}\n`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  step("Installing packages (npm ci; once, about a minute)");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { shell: process.platform === "win32" });
  writeFileSync(stamp, wanted);
}

/** TypeScript → JavaScript and declarations in each package's dist/, the bundles that it exports, and the digests of the code. */
async function build() {
  const folders = [...packages.map((name) => `lib/${name}`), "tests"];
  for (const folder of folders) dropOrphans(join(root, folder));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const started = performance.now();
  // not `tsc -b`: that writes nothing at all while one file has an error
  const failed = folders.filter((folder) => tryRun(process.execPath, [tsc, "-p", folder]) !== 0);
  const { build: bundle } = await import("esbuild");
  const common = {
    bundle: true,
    platform: "node",
    target: "node20",
    logLevel: "warning",
    // chunks that hold nothing but declarations
    logOverride: { "ignored-bare-import": "silent" },
  };
  // One file is read in half the time of three hundred. What two entries share is a chunk: a class is the same one
  // behind each of them.
  for (const [name, entries] of Object.entries(bundles)) {
    const dist = join(root, "lib", name, "dist");
    rmSync(join(dist, "bundle"), { recursive: true, force: true });
    const entryPoints = Object.fromEntries(
      Object.entries(entries).map(([entry, file]) => [entry, join(dist, file)]),
    );
    await bundle({
      ...common,
      entryPoints,
      format: "esm",
      splitting: true,
      packages: "external",
      outdir: join(dist, "bundle"),
    });
  }
  // for `require("gradbook")`, which reads no ES modules: the library itself, all in one
  await bundle({
    ...common,
    entryPoints: [join(root, "lib/gradbook/dist/index.js")],
    format: "cjs",
    external: ["@gradbook/tools", ...foreignPackages()],
    define: { "import.meta.url": "__moduleUrl" },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    outfile: join(root, "lib/gradbook/dist/index.cjs"),
  });
  const { writeCodeDigests } = await import("./code-digests.mjs");
  writeCodeDigests();
  if (failed.length > 0) process.exit(1);
  const seconds = (performance.now() - started) / 1000;
  if (seconds > 2 || process.argv.includes("--build")) step(`Built lib/ in ${seconds.toFixed(1)} s`);
}

function foreignPackages() {
  const manifests = packages.map((name) => JSON.parse(readFileSync(join(root, "lib", name, "package.json"))));
  return manifests
    .flatMap(({ dependencies, peerDependencies }) => Object.keys({ ...dependencies, ...peerDependencies }))
    .filter((name) => !name.startsWith("@gradbook/"));
}

/** Removes compiled files whose source is gone, so that a deleted test does not go on running. */
function dropOrphans(folder) {
  const dist = join(folder, "dist");
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { recursive: true })) {
    const file = join(dist, String(entry));
    const path = relative(dist, file);
    const source = join(folder, path.replace(/\.(d\.ts|js)(\.map)?$/, ".ts"));
    if (
      /\.(d\.ts|js)(\.map)?$/.test(file) &&
      !/^bundle[\\/]/.test(path) &&
      statSync(file).isFile() &&
      !existsSync(source)
    ) {
      rmSync(file);
      rmSync(join(dist, "tsconfig.tsbuildinfo"), { force: true });
    }
  }
}

function step(text) {
  console.log(`gradbook · ${text}`);
}

function run(command, args, options = {}) {
  const status = tryRun(command, args, options);
  if (status !== 0) process.exit(status);
}

function tryRun(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  return status ?? 1;
}
