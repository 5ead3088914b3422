import { randomUUID } from "node:crypto";
import type { JsonObject } from "@gradbook/base";
import type { Dealer, Subscriber } from "zeromq";
import { addressOf, type ConnectionInfo } from "./connection.js";
import { buildFrames, numberOf, parseMessage, Signer } from "./frames.js";
import { type Channel, createHeader } from "./messages.js";

/** A message of a kernel. */
export interface Received {
  readonly type: string;
  readonly id: string;
  /** The request that it answers or belongs to; "" without one. */
  readonly parentId: string;
  readonly content: JsonObject;
  /** The kernel's count of what it publishes, when it counts. */
  readonly number: number | undefined;
}

export type Frames = readonly (string | Uint8Array)[];

export interface FrontEndOptions {
  /** Called for every message of the kernel, in the order of its socket. */
  readonly hear: (from: Channel | "iopub", message: Received) => void;
  /**
   * Milliseconds until a closed port is tried again. Default 50: a slow joiner shows itself in milliseconds, and trying
   * more often costs nothing on loopback.
   */
  readonly reconnectMs?: number;
}

/** The front end's ends of a kernel's five sockets. */
export class FrontEndSockets {
  readonly #session: string;
  readonly #signer: Signer;
  readonly #asking: Readonly<Record<Channel, Dealer>>;
  readonly #heartbeat: Dealer;
  readonly #iopub: Subscriber;
  readonly #hear: FrontEndOptions["hear"];
  readonly #outgoing = new Map<Dealer, Promise<void>>();
  readonly #beats = new Set<() => void>();

  /** Opens the sockets. The kernel may come later: ZeroMQ tries again until it is there. */
  static async open(connection: ConnectionInfo, options: FrontEndOptions): Promise<FrontEndSockets> {
    // Its shared library takes a moment to load.
    return new FrontEndSockets(await import("zeromq"), connection, options);
  }

  private constructor(
    zeromq: typeof import("zeromq"),
    connection: ConnectionInfo,
    { hear, reconnectMs: reconnectInterval = 50 }: FrontEndOptions,
  ) {
    this.#hear = hear;
    this.#session = randomUUID();
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    // One routing id for all: a kernel answers an input_request on stdin to the id that came over shell.
    const dealer = (port: number): Dealer => {
      const socket = new zeromq.Dealer({ linger: 0, routingId: this.#session, reconnectInterval });
      socket.connect(addressOf(connection, port));
      return socket;
    };
    this.#iopub = new zeromq.Subscriber({ linger: 0, receiveHighWaterMark: 0, reconnectInterval });
    this.#iopub.subscribe();
    this.#iopub.connect(addressOf(connection, connection.iopub_port));
    this.#asking = {
      shell: dealer(connection.shell_port),
      control: dealer(connection.control_port),
      stdin: dealer(connection.stdin_port),
    };
    this.#heartbeat = dealer(connection.hb_port);
    void this.#listen("iopub", this.#iopub);
    for (const channel of ["shell", "control", "stdin"] as const)
      void this.#listen(channel, this.#asking[channel]);
    void this.#listenForHeartbeat();
  }

  /** Sends a request. @returns its id, by which its answers are known, and a promise that it has left */
  request(channel: Channel, type: string, content: JsonObject): { id: string; sent: Promise<void> } {
    const { id, frames } = this.compose(type, content);
    return { id, sent: this.send(channel, frames) };
  }

  /** The signed frames of a request. */
  compose(type: string, content: JsonObject): { id: string; frames: Frames } {
    const header = createHeader(type, this.#session, "gradbook");
    const message = { identities: [], header, parent: {}, metadata: {}, content, buffers: [] };
    return { id: header.msg_id, frames: buildFrames(message, this.#signer) };
  }

  /** Sends frames as they are. ZeroMQ sockets take one `send` at a time. */
  send(channel: Channel, frames: Frames): Promise<void> {
    const socket = this.#asking[channel];
    const before = this.#outgoing.get(socket) ?? Promise.resolve();
    const after = before.then(() => socket.send([...frames]));
    this.#outgoing.set(
      socket,
      after.catch(() => undefined),
    );
    return after;
  }

  /** Resolves when the kernel's heartbeat answers. */
  async beat(): Promise<void> {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    this.#beats.add(answer);
    await this.#heartbeat.send(["", "ping"]);
    await answered;
  }

  close(): void {
    for (const socket of [...Object.values(this.#asking), this.#heartbeat, this.#iopub])
      if (!socket.closed) socket.close();
  }

  async #listen(from: Channel | "iopub", socket: Dealer | Subscriber): Promise<void> {
    await each(socket, (frames) => {
      const message = parseMessage(frames, this.#signer);
      // What the kernel did not sign with our key, or is no message.
      if (typeof message === "string") return;
      const { header, parent, content } = message;
      const parentId = parent.msg_id ?? "";
      this.#hear(from, {
        type: header.msg_type,
        id: header.msg_id,
        parentId,
        content,
        number: numberOf(message),
      });
    });
  }

  async #listenForHeartbeat(): Promise<void> {
    await each(this.#heartbeat, () => {
      for (const answer of this.#beats) answer();
      this.#beats.clear();
    });
  }
}

async function each(socket: Dealer | Subscriber, take: (frames: Buffer[]) => void): Promise<void> {
  try {
    for await (const frames of socket) take(frames);
  } catch (error) {
    // Closing a socket ends the loop with an error of its own.
    if (!socket.closed) throw error;
  }
}
