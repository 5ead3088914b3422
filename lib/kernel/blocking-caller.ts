import { type BroadcastChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";

import type { Answer, Call, Methods } from "./rpc.js";

/**
 * Asks another thread, over a port or over a channel on which others talk as well, and stands still until it has answered:
 * for code that cannot wait in any other way, as `require` and the start of a worker thread.
 */
export class BlockingCaller<M extends Methods> {
  readonly #port: MessagePort | BroadcastChannel;
  readonly #name: string;
  #next = 0;

  /** @param name tells the callers of a channel apart */
  constructor(port: MessagePort | BroadcastChannel, name: string) {
    this.#port = port;
    this.#name = name;
  }

  call<K extends keyof M & string>(method: K, argument: M[K][0]): M[K][1] {
    const id = `${this.#name} ${this.#next++}`;
    const signal = new Int32Array(new SharedArrayBuffer(4));
    this.#port.postMessage({ id, method, argument, signal } satisfies Call);
    Atomics.wait(signal, 0, 0);
    for (;;) {
      // It takes channels as well, whatever its type says.
      const received: { readonly message: Partial<Answer> } | undefined = Reflect.apply(
        receiveMessageOnPort,
        undefined,
        [this.#port],
      );
      if (received === undefined) throw new Error(`${method}: the answer was lost`);
      const { message } = received;
      if (message.id !== id || "method" in message) continue;
      if (message.failure !== undefined) throw message.failure;
      return message.value as M[K][1];
    }
  }
}
