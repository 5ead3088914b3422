import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, type JsonObject, onDisk } from "@gradbook/base";
import { record, text } from "./json.js";
import { ownPackage } from "./own-package.js";

/** How a kernel is started: what Jupyter reads in kernel.json. */
export interface KernelSpec {
  /** The command; `{connection_file}` stands for the path of the connection file. */
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  /** How it is interrupted: SIGINT, or an `interrupt_request` on the control channel. */
  readonly interrupt_mode: "signal" | "message";
  /** Added to the environment of the kernel's process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly metadata?: JsonObject;
}

/**
 * Options of Node that the kernel runs with. When V8 ends a callback in the middle, Node's book-keeping of asynchronous
 * contexts is left with an entry too many; unless told otherwise, Node then ends the process. `MendableHooks` sees to
 * that by itself; this is for a version of Node where it finds no way to do so.
 */
export const nodeOptions: readonly string[] = ["--no-force-async-hooks-checks"];

/**
 * The kernelspec of this installation: this Node, this copy of the kernel.
 * @param name `"jslab"` is the JavaScript kernel, `"tslab"` checks types as tslab does, every other name strictly
 */
export function kernelSpec(name: string): KernelSpec {
  const javascript = name === "jslab";
  // tslab checks cells without `strict`: notebooks written for it rely on that
  const mode = javascript ? ["--javascript"] : name === "tslab" ? ["--loose"] : [];
  const options = ["--connection-file", "{connection_file}", ...mode];
  return {
    argv: [process.execPath, ...nodeOptions, ownProgram(), ...options],
    display_name: javascript ? "JavaScript (gradbook)" : "TypeScript (gradbook)",
    language: javascript ? "javascript" : "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

/** The program that runs a kernel: of the package that this code lies in. */
function ownProgram(): string {
  const { folder, bin } = ownPackage();
  return join(folder, bin["gradbook-kernel"]);
}

/** The text of kernel.json. */
export function kernelSpecText(spec: object): string {
  return `${JSON.stringify(spec, null, 2)}\n`;
}

/**
 * Reads the kernelspec in a folder.
 * @returns undefined when there is none
 * @throws GradbookError `kernel-spec` for what is no kernelspec
 */
export function readKernelSpec(folder: string): KernelSpec | undefined {
  const path = join(folder, "kernel.json");
  if (!existsSync(path)) return undefined;
  const file = parse(
    path,
    onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")),
  );
  const argv = words(file.argv);
  if (argv.length === 0) throw noSpec(path, "there is no argv in it");
  const env = Object.entries(record(file.env)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return {
    argv: argv.map((word) => word.replaceAll("{resource_dir}", folder)),
    display_name: text(file.display_name),
    language: text(file.language),
    interrupt_mode: file.interrupt_mode === "message" ? "message" : "signal",
    env: Object.fromEntries(env),
    metadata: record(file.metadata),
  };
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

function parse(path: string, json: string): JsonObject {
  try {
    return record(JSON.parse(json));
  } catch (cause) {
    throw noSpec(path, "it is not JSON", cause);
  }
}

function noSpec(path: string, got: string, cause?: unknown): GradbookError {
  return new GradbookError(
    {
      code: "kernel-spec",
      what: path,
      got,
      expected: "a Jupyter kernelspec",
      cure: "Install the kernel again.",
    },
    { cause },
  );
}
