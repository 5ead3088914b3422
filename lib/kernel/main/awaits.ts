import type { SharedState } from "../shared.js";
import { type Cell, cellStorage, Interrupted } from "./cell.js";

/** Never settles: code that awaits it is forgotten, `catch` and `finally` included. */
const never = new Promise<never>(() => undefined);

/**
 * What `await x` becomes in cells and in the project's modules: `await until(x)`. After an interrupt the first await
 * throws `Interrupted`, so that `finally` blocks can tidy up; code that catches it and goes on meets awaits that
 * never return. So no loop survives its cell.
 */
export function createUntil(shared: SharedState): (value: unknown) => unknown {
  return (value) => {
    const cell = cellStorage.getStore();
    if (cell === undefined) return value;
    if (cell.stopped || Atomics.load(shared.interrupt, 0) === 1) return stoppedAt(cell);
    if (!isThenable(value)) return value;
    return new Promise((resolve, reject) => {
      cell.waiting.add(reject);
      const settle =
        (go: (result: unknown) => void) =>
        (result: unknown): void => {
          cell.waiting.delete(reject);
          go(result);
        };
      value.then(settle(resolve), settle(reject));
    });
  };
}

function stoppedAt(cell: Cell): Promise<never> {
  cell.stopped = true;
  if (cell.told) return never;
  cell.told = true;
  throw new Interrupted();
}

/** What `for await (… of x)` loops over: every step is an interruptible await. */
export function createSteps(
  until: (value: unknown) => unknown,
): (iterable: unknown) => AsyncIterable<unknown> {
  return (iterable) => ({
    [Symbol.asyncIterator]() {
      const iterator = openIterator(iterable);
      const step = (call: () => unknown): Promise<IteratorResult<unknown>> =>
        Promise.resolve(until(Promise.resolve(call()))) as Promise<IteratorResult<unknown>>;
      return {
        next: () => step(() => iterator.next()),
        return: () => step(() => iterator.return?.() ?? { done: true, value: undefined }),
      };
    },
  });
}

function openIterator(iterable: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  const source = iterable as AsyncIterable<unknown> & Iterable<unknown>;
  if (source[Symbol.asyncIterator] !== undefined) return source[Symbol.asyncIterator]();
  return awaitValues(source[Symbol.iterator]());
}

/** `for await` over a synchronous iterable awaits each value. */
function awaitValues(iterator: Iterator<unknown>): AsyncIterator<unknown> {
  const unwrap = async ({ done, value }: IteratorResult<unknown>): Promise<IteratorResult<unknown>> =>
    done === true ? { done, value } : { done: false, value: await value };
  return {
    next: () => unwrap(iterator.next()),
    return: async () =>
      iterator.return === undefined ? { done: true, value: undefined } : unwrap(iterator.return()),
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof Reflect.get(value, "then") === "function";
}
