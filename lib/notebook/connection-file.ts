import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "../files/temporary.js";
import { writeAtomic } from "../files/write-atomic.js";
import type { Connection } from "./wire.js";

export interface ConnectionFile {
  readonly connection: Connection;
  readonly path: string;
  /** A new folder that holds nothing but the file. */
  readonly folder: string;
}

/**
 * Five free ports of the loopback interface and a new key, in a file that only the user can read. What a process that
 * was killed has left of such files goes first.
 * The ports are free now and may be taken a moment later: whoever starts a kernel has to be ready for that.
 */
export async function createConnectionFile(kernelName: string): Promise<ConnectionFile> {
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5);
  const connection: Connection = {
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
