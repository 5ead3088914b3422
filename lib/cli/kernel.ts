import { chmodSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { GradbookError, usageError } from "../errors/error.js";
import { onDisk } from "../errors/os-error.js";
import type { ConnectionInfo } from "../kernel/protocol.js";
import type { Command } from "./command.js";

export const command: Command = {
  name: "kernel",
  summary: "the Jupyter kernel for TypeScript: run it, install it",
  usage: `gradbook kernel --connection-file FILE [--remote] [--javascript]
  Runs a kernel; Jupyter calls this. --remote lets it listen on addresses other than this machine's own; with
  --javascript types are not checked.

gradbook kernel install [--user | --prefix DIR | --sys-prefix] [--name NAME]
  Tells Jupyter of the kernel. --user (the default) for this user, --prefix for an environment, --sys-prefix for the
  Python environment that is active. --name: "gradbook" unless given; "tslab" or "jslab" takes the place of tslab.`,
  async run(args) {
    if (args[0] === "install") {
      const { installKernel } = await import("../kernel/install.js");
      return installKernel(args.slice(1));
    }
    const { values } = parseArgs({
      args: [...args],
      options: {
        "connection-file": { type: "string" },
        remote: { type: "boolean", default: false },
        javascript: { type: "boolean", default: false },
      },
    });
    const file = values["connection-file"];
    if (file === undefined) {
      throw usageError(
        "--connection-file",
        "missing",
        "the file that Jupyter writes for a kernel",
        "gradbook kernel install makes Jupyter start it.",
      );
    }
    const connection = readConnection(file, values.remote);
    const { runKernel } = await import("../kernel/main/main.js");
    const limit = Number(process.env.GRADBOOK_OUTPUT_LIMIT ?? 50);
    return runKernel({
      connection,
      connectionFile: resolve(file),
      javascript: values.javascript,
      outputLimit: (Number.isFinite(limit) && limit > 0 ? limit : 50) * 1024 * 1024,
    });
  },
};

/** Reads a connection file, and closes it to everybody else: its key lets one run code. */
function readConnection(file: string, remote: boolean): ConnectionInfo {
  const connection = parseConnection(file);
  onDisk({ path: file, doing: "write" }, () => chmodSync(file, 0o600));
  const loopback = connection.transport === "ipc" || /^(?:127\.|::1$|localhost$)/.test(connection.ip);
  if (!loopback && !remote) {
    throw new GradbookError({
      code: "connection",
      what: "connection file",
      got: `address ${connection.ip}`,
      expected: "this machine's own (127.0.0.1)",
      cure: "Whoever reaches a kernel can run code; --remote in the kernelspec's argv allows it.",
    });
  }
  return connection;
}

function parseConnection(file: string): ConnectionInfo {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw refused(file, error instanceof SyntaxError ? "no JSON" : "it cannot be read", error);
  }
  const field = (name: string): unknown =>
    typeof given === "object" && given !== null ? Reflect.get(given, name) : undefined;
  const word = (name: string, preset?: string): string => {
    const value = field(name) ?? preset;
    if (typeof value !== "string") throw refused(file, `${name} is ${JSON.stringify(value) ?? "missing"}`);
    return value;
  };
  const port = (name: string): number => {
    const value = field(name);
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535) return value;
    throw refused(file, `${name} is ${JSON.stringify(value) ?? "missing"}`);
  };
  return {
    transport: word("transport", "tcp"),
    ip: word("ip"),
    shell_port: port("shell_port"),
    iopub_port: port("iopub_port"),
    stdin_port: port("stdin_port"),
    control_port: port("control_port"),
    hb_port: port("hb_port"),
    key: word("key"),
    signature_scheme: word("signature_scheme", "hmac-sha256"),
  };
}

function refused(file: string, got: string, cause?: unknown): GradbookError {
  const expected = "what Jupyter writes for a kernel: ip, five ports, key";
  return new GradbookError({ code: "connection", what: `connection file ${file}`, got, expected }, { cause });
}
