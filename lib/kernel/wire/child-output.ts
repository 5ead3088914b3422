import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { GradbookError, temporaryFolder } from "@gradbook/base";
import type { StreamName } from "../jupyter/messages.js";
import { type SharedState, Word } from "../shared.js";

/**
 * What child processes write to the stdout and stderr that they inherit. Their stdio is the writing end of a local
 * socket (its file descriptor stands in shared memory, for main to pass on); wire reads the other end, so that the
 * output flows while main is in a loop. Not on Windows, where sockets have no descriptor to inherit.
 */
export class ChildOutput {
  readonly #shared: SharedState;
  readonly #take: (name: StreamName, text: string) => void;
  readonly #sockets: Socket[] = [];
  #arrived = 0;

  constructor(shared: SharedState, take: (name: StreamName, text: string) => void) {
    this.#shared = shared;
    this.#take = take;
  }

  async open(): Promise<void> {
    if (process.platform === "win32") return;
    const folder = temporaryFolder("io");
    try {
      await this.#openOne("stdout", Word.childStdout, join(folder, "out"));
      await this.#openOne("stderr", Word.childStderr, join(folder, "err"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Resolves when what children have written so far has been taken. */
  async drain(): Promise<void> {
    for (let before = -1; before !== this.#arrived; ) {
      before = this.#arrived;
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #openOne(name: StreamName, word: number, path: string): Promise<void> {
    const server: Server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(noSocket(path, cause)));
      server.listen(path, resolve);
    });
    const reading = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const writing = connect(path);
    const socket = await reading;
    server.close();
    this.#sockets.push(writing, socket);
    const decoder = new StringDecoder("utf8");
    socket.on("data", (chunk) => {
      this.#arrived++;
      this.#take(name, decoder.write(chunk));
    });
    for (const end of [socket, writing]) end.on("error", () => undefined).unref();
    Atomics.store(this.#shared.words, word, descriptorOf(writing));
  }
}

function noSocket(path: string, cause: Error): GradbookError {
  const got = `no local socket can be made there (${cause.message})`;
  const cure = "Set the variable TMPDIR to a folder with a short path.";
  return new GradbookError({ code: "file", what: path, got, cure }, { cause });
}

/** Node keeps the descriptor of a socket in its handle. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const descriptor: unknown =
    typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof descriptor === "number" ? descriptor : -1;
}
