import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import {
  GradbookError,
  isJsonObject,
  type JsonObject,
  onDisk,
  temporaryFolder,
  writeAtomic,
} from "@gradbook/base";

/** The five sockets of a kernel and the key that signs what goes over them: the content of a connection file. */
export interface ConnectionInfo {
  /** `"tcp"` or `"ipc"` */
  readonly transport: string;
  /** An address, or for `ipc` the beginning of a path. */
  readonly ip: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
  /** Empty: nothing is signed. */
  readonly key: string;
  readonly signature_scheme: string;
  readonly kernel_name?: string;
}

export interface ConnectionFile {
  readonly connection: ConnectionInfo;
  readonly path: string;
  /** A new folder that holds nothing but the file. */
  readonly folder: string;
}

/** What ZeroMQ calls one of the five sockets. */
export function addressOf({ transport, ip }: ConnectionInfo, port: number): string {
  return transport === "ipc" ? `ipc://${ip}-${port}` : `tcp://${ip}:${port}`;
}

/**
 * Reads a connection file, and closes it to everybody else: its key lets one run code.
 * @param remote whether the kernel may listen on addresses other than this machine's own
 * @throws GradbookError `connection` for a file that is no connection file, or names an address of the network
 */
export function readConnectionFile(file: string, remote: boolean): ConnectionInfo {
  const connection = parseConnection(file);
  onDisk({ path: file, doing: "write" }, () => chmodSync(file, 0o600));
  const loopback = connection.transport === "ipc" || /^(?:127\.|::1$|localhost$)/.test(connection.ip);
  if (!loopback && !remote) {
    throw new GradbookError({
      code: "connection",
      what: "connection file",
      got: `address ${connection.ip}`,
      expected: "this machine's own (127.0.0.1)",
      cure: "Anyone who can reach a kernel can run code; --remote in the kernelspec's argv allows it.",
    });
  }
  return connection;
}

function parseConnection(file: string): ConnectionInfo {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw refused(file, error instanceof SyntaxError ? "not JSON" : "it cannot be read", error);
  }
  const fields: JsonObject = isJsonObject(given) ? given : {};
  const word = (name: string, preset?: string): string => {
    const value = fields[name] ?? preset;
    if (typeof value !== "string") throw refused(file, `${name} is ${JSON.stringify(value) ?? "missing"}`);
    return value;
  };
  const port = (name: string): number => {
    const value = fields[name];
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

/**
 * Five free ports of the loopback interface and a new key, in a file that only the user can read. What a process that
 * was killed has left of such files goes first.
 * The ports are free now and may be taken a moment later: whoever starts a kernel has to be ready for that.
 */
export async function createConnectionFile(kernelName: string): Promise<ConnectionFile> {
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5);
  const connection: ConnectionInfo = {
    transport: "tcp",
    ip: "127.0.0.1",
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
    key: randomBytes(32).toString("hex"),
    signature_scheme: "hmac-sha256",
    kernel_name: kernelName,
  };
  const folder = temporaryFolder("run");
  const path = join(folder, "kernel.json");
  writeAtomic(path, JSON.stringify(connection), { mode: 0o600, elsewhere: "the variable TMPDIR" });
  return { connection, path, folder };
}

/** The file, and its folder when `createConnectionFile` has made one for it alone. */
export function removeConnectionFile(path: string): void {
  rmSync(path, { force: true });
  if (!/^gradbook-run-[0-9a-f]{8}-\d+-\w{6}$/.test(basename(dirname(path)))) return;
  try {
    rmdirSync(dirname(path));
  } catch {
    // Something else is in it, or it is gone.
  }
}

/** All held open at the same time, else the system may give the same one twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(portOf(server.address())));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
