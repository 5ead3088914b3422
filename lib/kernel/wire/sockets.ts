import { randomUUID } from "node:crypto";
import type { JsonObject } from "@gradbook/base";
import { Reply, Router, XPublisher } from "zeromq";
import { addressOf, type ConnectionInfo } from "../jupyter/connection.js";
import { buildFrames, numberFrame, parseMessage, type Refusal, type Signer } from "../jupyter/frames.js";
import { type Channel, createHeader, type Header, type Message } from "../jupyter/messages.js";

/** The five sockets of a kernel: what comes in is checked, what goes out is signed and leaves in order. */
export class Sockets {
  /** Messages thrown away, by reason. */
  readonly refused: Record<Refusal, number> = { frames: 0, signature: 0, replayed: 0, json: 0, header: 0 };
  readonly session: string = randomUUID();
  readonly #signer: Signer;
  readonly #routers: Readonly<Record<Channel, Router>>;
  readonly #iopub: XPublisher;
  readonly #heartbeat: Reply;
  /** A headless runner asks for numbers, beside the topic: it sees by a gap that a message is missing. */
  readonly #numbered = process.env.GRADBOOK_IOPUB !== undefined;
  #published = 0;
  #silent = true;
  readonly #outgoing = new Map<Router | XPublisher, Promise<void>>();

  constructor(signer: Signer) {
    this.#signer = signer;
    // No high-water mark: a slow front end makes the queue long, it never makes output vanish.
    const options = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 1000 };
    const router = (): Router => new Router({ ...options, handover: true });
    this.#routers = { shell: router(), control: router(), stdin: router() };
    this.#iopub = new XPublisher(options);
    this.#heartbeat = new Reply({ linger: 0 });
  }

  async bind(connection: ConnectionInfo): Promise<void> {
    const address = (port: number): string => addressOf(connection, port);
    await Promise.all([
      this.#routers.shell.bind(address(connection.shell_port)),
      this.#routers.control.bind(address(connection.control_port)),
      this.#routers.stdin.bind(address(connection.stdin_port)),
      this.#iopub.bind(address(connection.iopub_port)),
      this.#heartbeat.bind(address(connection.hb_port)),
    ]);
  }

  /** Calls `handle` for every well-signed message until the sockets are closed. */
  listen(handle: (channel: Channel, message: Message) => void): void {
    for (const channel of ["shell", "control", "stdin"] as const) {
      void this.#receive(this.#routers[channel], (frames) => {
        const message = parseMessage(frames, this.#signer);
        if (typeof message === "string") this.refused[message]++;
        else handle(channel, message);
      });
    }
    void this.#receive(this.#iopub, ([frame]) => this.#welcome(frame));
    void this.#echoHeartbeat();
  }

  /** Answers on the channel on which `request` came, or asks on stdin. */
  send(
    channel: Channel,
    type: string,
    content: object,
    request: Message,
    buffers: readonly Uint8Array[] = [],
  ): void {
    const { identities, header } = request;
    const message = { identities, header: this.#header(type), parent: header, metadata: {}, buffers };
    this.#queue(this.#routers[channel], buildFrames({ ...message, content: { ...content } }, this.#signer));
  }

  /** Tells every front end. @param parent the request that this belongs to */
  publish(
    type: string,
    content: object,
    parent: Header | Record<string, never>,
    metadata: JsonObject = {},
    buffers: readonly Uint8Array[] = [],
  ): void {
    this.#silent = false;
    const header = this.#header(type);
    const identities: Buffer[] = [Buffer.from(`kernel.${this.session}.${type}`)];
    if (this.#numbered) identities.push(numberFrame(++this.#published));
    const message = {
      identities,
      header,
      parent,
      metadata: { ...metadata },
      content: { ...content },
      buffers,
    };
    this.#queue(this.#iopub, buildFrames(message, this.#signer));
  }

  /** Resolves when all that was queued has left, and the sockets are closed. */
  async close(): Promise<void> {
    await Promise.all(this.#outgoing.values());
    for (const socket of [...Object.values(this.#routers), this.#iopub, this.#heartbeat]) socket.close();
  }

  #header(type: string): Header {
    return createHeader(type, this.session, "kernel");
  }

  /** ZeroMQ sockets take one `send` at a time. */
  #queue(socket: Router | XPublisher, frames: (Buffer | Uint8Array | string)[]): void {
    const before = this.#outgoing.get(socket) ?? Promise.resolve();
    const after = before.then(() => socket.send(frames)).catch(() => undefined);
    this.#outgoing.set(socket, after);
  }

  async #receive(socket: Router | XPublisher, take: (frames: Buffer[]) => void): Promise<void> {
    while (!socket.closed) {
      const frames = await socket.receive().catch(() => undefined);
      if (frames !== undefined) take(frames);
    }
  }

  /**
   * Protocol 5.4: a new subscriber is greeted, so that it knows from when on it misses nothing. The first of them also
   * hears that the kernel is starting: said earlier, nobody would hear it, or hear it before the welcome.
   */
  #welcome(frame: Buffer): void {
    if (frame[0] !== 1) return;
    const subscription = frame.subarray(1).toString("utf8");
    const header = this.#header("iopub_welcome");
    const message = {
      identities: [frame.subarray(1)],
      header,
      parent: {},
      metadata: {},
      content: { subscription },
      buffers: [],
    };
    this.#queue(this.#iopub, buildFrames(message, this.#signer));
    if (this.#silent) this.publish("status", { execution_state: "starting" }, {});
  }

  async #echoHeartbeat(): Promise<void> {
    while (!this.#heartbeat.closed) {
      const frames = await this.#heartbeat.receive().catch(() => undefined);
      if (frames !== undefined) await this.#heartbeat.send(frames).catch(() => undefined);
    }
  }
}
