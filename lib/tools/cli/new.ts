import { spawn } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { GradbookError, isFolder, onDisk, shownPath, usageError, writeAtomic } from "@gradbook/base";
import type { Command } from "./command.js";

/** What a new project begins with, but for the files that depend on the machine and the name. */
const TEMPLATE = fileURLToPath(new URL("../../templates/coursework", import.meta.url));

/** Its notebook, which the command runs. */
const NOTEBOOK = "notebooks/digits.ipynb";
const EXECUTED = "notebooks/digits.executed.ipynb";

export const command: Command = {
  usage: `gradbook new NAME [options]

Makes the folder NAME, with everything from an empty folder to a trained network in it: package.json, tsconfig.json,
${NOTEBOOK} (1,000 digits of MNIST, a layer written by hand beside a built-in one, error curves, activation
slices, t-SNE), gradbook installed, MNIST fetched and verified, the notebook executed, JupyterLab with the TypeScript
kernel in NAME/.venv. NAME must not exist, or be an empty folder. Where Python or MNIST is missing, the command says so
and does the rest.

  --open     then starts JupyterLab
  --no-lab   without Python: the notebook is for gradbook run, or for VS Code`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { open: { type: "boolean", default: false }, "no-lab": { type: "boolean", default: false } },
    });
    if (values.open && values["no-lab"])
      throw usageError("--open", "together with --no-lab", "one of the two");
    const folder = parseFolder(positionals);
    const started = performance.now();
    writeProject(folder);
    await installPackages(folder);
    const lab = values["no-lab"] ? undefined : inProject(folder, ["lab", "--prepare"], "kept");
    const hasData = (await inProject(folder, ["data", "mnist"], "shown")).code === 0;
    const standIn = hasData ? [] : ["--stand-in"];
    const { code, output } = await inProject(folder, ["run", NOTEBOOK, ...standIn], "progress");
    if (code === 0) takePlace(folder);
    console.log(output.replaceAll(basename(EXECUTED), basename(NOTEBOOK)).trim());
    const prepared = await lab;
    if (prepared !== undefined && prepared.code !== 0) console.error(prepared.output.trim());
    if (code !== 0) return code;

    const hasLab = prepared?.code === 0;
    if (values.open && hasLab) return (await inProject(folder, ["lab"], "shown")).code;
    console.log(
      `\n${shownPath(folder)} is ready (${((performance.now() - started) / 1000).toFixed(0)} s).\n`,
    );
    for (const line of nextSteps(folder, hasLab)) console.log(`  ${line}`);
    return 0;
  },
};

function parseFolder(positionals: readonly string[]): string {
  const [name, ...more] = positionals;
  if (name === undefined || name.trim() === "" || more.length > 0) {
    const got =
      positionals.length === 0 ? "nothing" : positionals.map((one) => JSON.stringify(one)).join(" ");
    throw usageError("NAME", got, "the name of one new folder", "gradbook new digits");
  }
  const folder = resolve(name);
  const found = onDisk({ path: folder, doing: "read" }, () => lstatSync(folder, { throwIfNoEntry: false }));
  if (found === undefined) return folder;
  if (isFolder(folder)) {
    const files = onDisk({ path: folder, doing: "read" }, () => readdirSync(folder));
    if (files.every((file) => file === ".git")) return folder;
  }
  throw new GradbookError({
    code: "foreign",
    what: shownPath(folder),
    got: isFolder(folder) ? "there are files in it" : "a file has this name",
    expected: "a new or an empty folder",
    cure: "It was not touched. Choose another name.",
  });
}

function writeProject(folder: string): void {
  onDisk({ path: folder, doing: "write" }, () => {
    mkdirSync(folder, { recursive: true });
    cpSync(TEMPLATE, folder, { recursive: true });
  });
  const manifest = {
    name: packageName(basename(folder)),
    private: true,
    type: "module",
    scripts: { lab: "gradbook lab" },
    dependencies: ownPackages(),
  };
  const tsconfig = {
    compilerOptions: { target: "ES2022", module: "NodeNext", strict: true, skipLibCheck: true, noEmit: true },
  };
  writeAtomic(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeAtomic(join(folder, "tsconfig.json"), `${JSON.stringify(tsconfig, null, 2)}\n`);
  writeAtomic(join(folder, ".gitignore"), "node_modules/\n");
}

/** The executed notebook in place of the one without outputs, unless somebody has begun to write in that. */
function takePlace(folder: string): void {
  const [notebook, executed] = [join(folder, NOTEBOOK), join(folder, EXECUTED)];
  onDisk({ path: notebook, doing: "write" }, () => {
    if (readFileSync(notebook).equals(readFileSync(join(TEMPLATE, NOTEBOOK)))) renameSync(executed, notebook);
  });
}

/** What npm takes as a package's name: of a folder that is called otherwise, the signs that it allows. */
export function packageName(folder: string): string {
  const allowed = folder
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100);
  // a project of the name of its own dependency cannot be installed
  return allowed === "" || allowed === "gradbook" || allowed === "node-modules" ? "coursework" : allowed;
}

/**
 * The packages that a project needs to have the gradbook which made it: the same version from the registry; the same
 * tarballs where it was installed from those; the checkout's folder where it runs in one.
 */
function ownPackages(): Readonly<Record<string, string>> {
  const { version } = createRequire(import.meta.url)("@gradbook/tools/package.json");
  const published = { gradbook: `^${version}` };
  let own: string;
  try {
    own = dirname(createRequire(import.meta.url).resolve("gradbook/package.json"));
  } catch {
    return published; // the tools were installed alone
  }
  const modules = own.lastIndexOf(`${sep}node_modules${sep}`);
  if (modules < 0) return { gradbook: pathToFileURL(own).href.replace("file://", "file:") };
  const root = own.slice(0, modules);
  const lockfile = join(root, "node_modules/.package-lock.json");
  if (!existsSync(lockfile)) return published;
  const { packages } = JSON.parse(
    onDisk({ path: lockfile, doing: "read" }, () => readFileSync(lockfile, "utf8")),
  );
  const tarballs = Object.entries<{ resolved?: string }>(Object(packages)).flatMap(([path, { resolved }]) => {
    const name = path.replace(/^node_modules\//, "");
    if (!/^(@gradbook\/\w+|gradbook)$/.test(name) || !resolved?.startsWith("file:")) return [];
    return [[name, `file:${resolve(root, decodeURI(resolved.slice("file:".length)))}`]];
  });
  return tarballs.length === 0 ? published : Object.fromEntries(tarballs);
}

async function installPackages(folder: string): Promise<void> {
  console.log("gradbook · Installing gradbook with npm");
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  const { code } = await ended("npm", ["install", ...quiet], folder, "shown", process.platform === "win32");
  if (code === 0) return;
  throw new GradbookError({
    code: "program",
    what: "npm install",
    got: `exit code ${code}`,
    cure: `The files in ${shownPath(folder)} are complete. Fix the cause, run npm install there and then npx gradbook run ${NOTEBOOK}.`,
  });
}

/** Of what a program prints: all goes to the terminal, all is kept, or only the progress (standard error) is shown. */
type Output = "shown" | "kept" | "progress";

interface Ended {
  readonly code: number;
  /** What it printed, as far as that was not shown. */
  readonly output: string;
}

/** A command of the project's own gradbook: what it registers and writes must not point to the one that runs now. */
function inProject(folder: string, args: readonly string[], output: Output): Promise<Ended> {
  const program = join(folder, "node_modules/gradbook/gradbook.mjs");
  return ended(process.execPath, [program, ...args], folder, output);
}

function ended(
  program: string,
  args: readonly string[],
  cwd: string,
  output: Output,
  shell = false,
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd,
    shell,
    stdio: [
      output === "shown" ? "inherit" : "ignore",
      output === "shown" ? "inherit" : "pipe",
      output === "kept" ? "pipe" : "inherit",
    ],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", (code) => settle({ code: code ?? 1, output: printed }));
  });
}

function nextSteps(folder: string, hasLab: boolean): readonly string[] {
  const way = relative(process.cwd(), folder);
  const enter = way === "" ? [] : [`cd ${/^[\w./-]+$/.test(way) ? way : JSON.stringify(way)}`];
  if (hasLab) return [...enter, `npx gradbook lab      # opens ${NOTEBOOK} in JupyterLab`];
  return [
    ...enter,
    `npx gradbook run ${NOTEBOOK}    # without JupyterLab: from top to bottom, in the terminal`,
    "npx gradbook kernel install --user            # for VS Code, whose extension Jupyter then has the kernel",
    "npx gradbook lab                              # JupyterLab, once Python 3.10 or newer is there",
  ];
}
