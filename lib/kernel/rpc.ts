import type { MessagePort } from "node:worker_threads";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
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
  readonly #open = new Map<number, { resolve: (value: never) => void; reject: (reason: unknown) => void }>();
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

/** Answers what a `Caller` at the other end of the port asks. */
export function serve<M extends Methods>(port: MessagePort, handlers: Handlers<M>): void {
  port.on("message", ({ id, method, argument }: Call) => {
    const answer = (part: Omit<Answer, "id">): void => port.postMessage({ id, ...part } satisfies Answer);
    Promise.resolve()
      .then(() => handlers[method](argument))
      .then(
        (value) => answer({ value }),
        (failure: unknown) => answer({ failure: failure ?? new Error("failed without a reason") }),
      );
  });
}
