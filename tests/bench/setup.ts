import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.js";

/** Everything that only the benchmark needs stands here, ignored by git; deleting it costs a new set-up. */
const cache = join(root, ".cache/bench");
const pythonPackages = ["torch==2.13.0", "numpy==2.4.6", "scikit-learn==1.9.1"];
const npmPackages = {
  "@tensorflow/tfjs": "4.22.0",
  "@tensorflow/tfjs-backend-wasm": "4.22.0",
  convnetjs: "0.3.0",
};

/** A tool that is ready, or why it is not. */
export type Ready = { readonly path: string } | { readonly reason: string };

/**
 * A Python with PyTorch, NumPy and scikit-learn, in a virtual environment of the benchmark's own.
 * @param given an interpreter that has them already
 */
export function preparePython(given: string | undefined): Ready {
  if (given !== undefined) return { path: given };
  const venv = join(cache, "venv");
  const python = join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  if (isStamped(venv, pythonPackages)) return { path: python };
  console.log("bench · Python packages for the peers (once; PyTorch is 200 MB)");
  mkdirSync(cache, { recursive: true });
  for (const base of ["python3", "python"]) {
    if (run(base, ["-m", "venv", venv]) !== undefined) continue;
    // the general index holds PyTorch for NVIDIA cards, of gigabytes; PyTorch's own has it for the CPU alone
    const forCpu = pythonPackages.map((p) => (p.startsWith("torch") ? `${p}+cpu` : p));
    const failed =
      run(python, [
        ...["-m", "pip", "install", "--quiet", "--extra-index-url"],
        ...["https://download.pytorch.org/whl/cpu", ...forCpu],
      ]) && run(python, ["-m", "pip", "install", "--quiet", ...pythonPackages]);
    if (failed !== undefined) return { reason: `pip: ${failed}` };
    stamp(venv, pythonPackages);
    return { path: python };
  }
  return { reason: "no python3 with venv on this machine" };
}

/** A folder whose node_modules hold the JavaScript peers. */
export function prepareNpm(): Ready {
  const folder = join(cache, "npm");
  if (isStamped(folder, npmPackages)) return { path: folder };
  console.log("bench · npm packages for the peers (once; TensorFlow.js is 300 MB)");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "bench-peers", private: true, dependencies: npmPackages }),
  );
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const failed = run(npm, ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder]);
  if (failed !== undefined) return { reason: `npm: ${failed}` };
  stamp(folder, npmPackages);
  return { path: folder };
}

function isStamped(folder: string, wanted: object): boolean {
  const file = join(folder, ".installed");
  return existsSync(file) && readFileSync(file, "utf8") === JSON.stringify(wanted);
}

function stamp(folder: string, wanted: object): void {
  writeFileSync(join(folder, ".installed"), JSON.stringify(wanted));
}

/** @returns the last words of a command that failed */
function run(command: string, args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    shell: process.platform === "win32",
  });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split("\n").at(-1) ?? `exit code ${status}`;
}
