import type { BroadcastChannel, MessagePort } from "node:worker_threads";

type Id = number | string;

/** What is asked. */
export interface Call {
  readonly id: Id;
  readonly method: string;
  readonly argument: unknown;
  /** In shared memory: becomes 1 when the answer is on its way. */
  readonly signal?: Int32Array;
}

export interface Answer {
  readonly id: Id;
  readonly value?: unknown;
  readonly failure?: unknown;
}

/** `{ method: [argument, result] }` of everything that one thread does for another. */
export type Methods = Readonly<Record<string, readonly [argument: unknown, result: unknown]>>;

export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: (argument: M[K][0]) => Promise<M[K][1]> | M[K][1];
};

/** Asks another thread over a port; answers may come in any order. */
export class Caller<M extends Methods> {
  readonly #port: MessagePort;
  readonly #open = new Map<Id, { resolve: (value: never) => void; reject: (reason: unknown) => void }>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (answer: Answer) => {
      const call = this.#open.get(answer.id);
      this.#open.delete(answer.id);
      if (answer.failure !== undefined) call?.reject(answer.failure);
      else call?.resolve(answer.value as never);
    });
  }

  call<K extends keyof M & string>(method: K, argument: M[K][0]): Promise<M[K][1]> {
    const id = this.#next++;
    return new Promise<M[K][1]>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#port.postMessage({ id, method, argument } satisfies Call);
    });
  }
}

/** Answers what a caller at the other end of the port asks. */
export function serve<M extends Methods>(port: MessagePort | BroadcastChannel, handlers: Handlers<M>): void {
  const hear = ({ id, method, argument, signal }: Call): void => {
    const answer = (part: Omit<Answer, "id">): void => {
      port.postMessage({ id, ...part } satisfies Answer);
      if (signal === undefined) return;
      Atomics.store(signal, 0, 1);
      Atomics.notify(signal, 0);
    };
    Promise.resolve()
      .then(() => handlers[method](argument))
      .then(
        (value) => answer({ value }),
        (failure: unknown) => answer({ failure: failure ?? new Error("failed without a reason") }),
      );
  };
  // A channel has other readers, whose answers are not for us.
  if ("on" in port) port.on("message", hear);
  else port.onmessage = ({ data }: { data?: Call }) => data?.method !== undefined && hear(data);
}
