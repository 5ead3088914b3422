import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { GradbookError } from "@gradbook/base";

/** Name of the configuration that the kernel lays over the notebook's folder; it exists in memory only. */
export const configName = ".gradbook-kernel.tsconfig.json";

/** What the server asks for as `js/ts` settings. Nothing is fetched from anywhere, and no package is read in advance. */
const settings = {
  customConfigFileName: configName,
  suggest: { autoImports: false },
  disableAutomaticTypeAcquisition: true,
  tsserver: { automaticTypeAcquisition: { enabled: false } },
};

interface Packet {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly items?: readonly { readonly section?: string }[] };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** TypeScript's native language server as a child process, spoken to in the Language Server Protocol. */
export class LanguageServer {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, { resolve: (result: never) => void; reject: (reason: Error) => void }>();
  readonly #versions = new Map<string, number>();
  #received: Buffer[] = [];
  #size = 0;
  /** Length of the packet under way; undefined while its header is incomplete. */
  #wanted: number | undefined;
  #nextId = 1;
  #ended = false;

  constructor() {
    // The collector runs often: a notebook's program is small, and the memory is the user's.
    const env = { ...process.env, GOGC: "50" };
    this.#child = spawn(serverPath(), ["--lsp", "-stdio"], { stdio: ["pipe", "pipe", "ignore"], env });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#child.stdin?.on("error", () => undefined);
    for (const event of ["error", "exit"]) this.#child.on(event, () => this.#end());
    this.#child.unref();
  }

  /** Whether the server is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Ends the process; what it was asked is refused. */
  end(): void {
    this.#child.kill();
  }

  async initialize(folder: string): Promise<void> {
    await this.request("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      workspaceFolders: null,
      capabilities: {
        workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: false } },
        textDocument: {
          diagnostic: {},
          documentSymbol: { hierarchicalDocumentSymbolSupport: true },
          completion: { completionItem: { documentationFormat: ["markdown"], labelDetailsSupport: true } },
          hover: { contentFormat: ["markdown"] },
          signatureHelp: {
            signatureInformation: { documentationFormat: ["markdown"], activeParameterSupport: true },
          },
        },
      },
    });
    this.notify("initialized", {});
  }

  request<T>(method: string, params: object): Promise<T> {
    if (this.#ended) return Promise.reject(new ServerEnded());
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#send({ id, method, params });
    });
  }

  notify(method: string, params: object): void {
    this.#send({ method, params });
  }

  /** Says what is in a file, whatever is on the disk. */
  setText(path: string, text: string, languageId = "typescript"): void {
    const uri = pathToFileURL(path).href;
    const version = (this.#versions.get(path) ?? 0) + 1;
    this.#versions.set(path, version);
    if (version === 1)
      this.notify("textDocument/didOpen", { textDocument: { uri, languageId, version, text } });
    else
      this.notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [{ text }] });
  }

  /** Forgets a file that `setText` has made. */
  dropText(path: string): void {
    if (!this.#versions.delete(path)) return;
    this.notify("textDocument/didClose", { textDocument: { uri: pathToFileURL(path).href } });
  }

  #send(packet: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...packet });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#size += chunk.length;
    while (this.#takePacket());
  }

  #takePacket(): boolean {
    if (this.#wanted === undefined) {
      const bytes = this.#join();
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) return false;
      this.#wanted = Number(/content-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end))?.[1] ?? 0);
      this.#keep(bytes.subarray(end + 4));
    }
    if (this.#size < this.#wanted) return false;
    const bytes = this.#join();
    const body = bytes.toString("utf8", 0, this.#wanted);
    this.#keep(bytes.subarray(this.#wanted));
    this.#wanted = undefined;
    this.#handle(JSON.parse(body));
    return true;
  }

  #join(): Buffer {
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0];
  }

  #keep(bytes: Buffer): void {
    this.#received = [bytes];
    this.#size = bytes.length;
  }

  #handle(packet: Packet): void {
    if (packet.method !== undefined) {
      if (packet.id === undefined) return;
      const items = packet.params?.items ?? [];
      const result = items.map(({ section }) => (section === "js/ts" ? settings : null));
      this.#send({
        id: packet.id,
        result: packet.method === "workspace/configuration" ? result : null,
      });
      return;
    }
    const call = this.#open.get(Number(packet.id));
    this.#open.delete(Number(packet.id));
    if (packet.error === undefined) call?.resolve(packet.result as never);
    else call?.reject(new Error(packet.error.message));
  }

  #end(): void {
    this.#ended = true;
    for (const { reject } of this.#open.values()) reject(new ServerEnded());
    this.#open.clear();
  }
}

/** The process has died with a request open. */
export class ServerEnded extends Error {
  constructor() {
    super("TypeScript's language server has ended.");
  }
}

/** The native program of the `typescript` package, which npm installs as a package of its own for each platform. */
export function serverPath(): string {
  const require = createRequire(import.meta.url);
  const name = `@typescript/typescript-${process.platform}-${process.arch}`;
  try {
    const beside = createRequire(require.resolve("typescript/package.json"));
    const folder = dirname(beside.resolve(`${name}/package.json`));
    return join(folder, "lib", process.platform === "win32" ? "tsc.exe" : "tsc");
  } catch (cause) {
    const cure = "Run npm install without --omit=optional.";
    throw new GradbookError(
      { code: "program", what: "typescript", got: `package ${name} is missing`, cure },
      { cause },
    );
  }
}
