import { spawn } from "node:child_process";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./kernel.js";

/** A package of lib/: its folder's name. */
export type Product = "base" | "kernel" | "core" | "doctor" | "tools" | "gradbook";

export const products: readonly Product[] = ["base", "kernel", "core", "doctor", "tools", "gradbook"];

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not synchronous, so that this process can serve a mirror meanwhile. Nothing of the caller's data is near. */
export function call(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const { GRADBOOK_DATA: _, GRADBOOK_STAND_IN: __, ...env } = process.env;
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** @returns what it printed @throws when it fails */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await call(command, args, cwd);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

export const manifestOf = (product: Product) =>
  JSON.parse(readFileSync(join(root, "lib", product, "package.json"), "utf8"));

/** `npm pack` of all packages into a folder. @returns the path of each one's tarball */
export async function packAll(folder: string): Promise<(product: Product) => string> {
  const paths = products.map((product) => join(root, "lib", product));
  await run("npm", ["pack", "--silent", "--pack-destination", folder, ...paths], root);
  return (product) => {
    const { name, version } = manifestOf(product);
    return join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  };
}

/** A package and those of ours that it needs. */
export function withNeeds(product: Product): readonly Product[] {
  const names = Object.keys(manifestOf(product).dependencies ?? {});
  return [product, ...products.filter((one) => names.includes(`@gradbook/${one}`))];
}

/** `npm install` of a product from its tarballs, in a folder. */
export async function install(
  product: Product,
  tarball: (product: Product) => string,
  folder: string,
): Promise<void> {
  const quiet = ["--silent", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...quiet, ...withNeeds(product).map(tarball)], folder);
}

/** How many packages there are in a folder's node_modules, and their size on disk in MiB. */
export function measure(folder: string): { readonly packages: number; readonly megabytes: number } {
  const lock = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8"));
  return {
    packages: Object.keys(lock.packages).length,
    megabytes: bytesIn(join(folder, "node_modules")) / 2 ** 20,
  };
}

/** As `du` counts: blocks on the disk, and a file with two names once. */
function bytesIn(path: string, seen = new Set<number>()): number {
  const { blocks, ino, size } = lstatSync(path);
  const own = seen.has(ino) ? 0 : (blocks ?? size / 512) * 512;
  seen.add(ino);
  if (!lstatSync(path).isDirectory()) return own;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name), seen), own);
}
