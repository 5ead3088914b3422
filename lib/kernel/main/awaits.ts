import type { SharedState } from "../shared.js";
import { bindToCell, type Cell, currentCell, enterCell, Interrupted } from "./cell.js";

/** What an await of a cell brings back: whose it is, and how it ended. */
interface Outcome {
  readonly cell: Cell | undefined;
  readonly failed: boolean;
  readonly value: unknown;
}

/** The parts of translated code that make it interruptible: `await x` becomes `resume(await until(x))`. */
export interface Awaits {
  /** Waits for a value or for the interrupt of the cell, whichever comes first. */
  readonly until: (value: unknown) => Outcome | Promise<Outcome>;
  /** Goes on after an await as the cell that began it. */
  readonly resume: (outcome: Outcome) => unknown;
  /** What `for await` loops over: every step is an interruptible await. */
  readonly steps: (iterable: unknown) => AsyncIterable<unknown>;
  /** Callbacks of `then`, `catch` and `finally`. */
  readonly bind: <T>(callback: T) => T;
}

const firstOf = Promise.any.bind(Promise);

/** Never settles: code that awaits it is forgotten, `catch` and `finally` included. */
const never = new Promise<never>(() => undefined);

/**
 * After an interrupt the first await throws `Interrupted`, so that `finally` blocks can tidy up; code that catches it
 * and goes on meets awaits that never return. So no loop survives its cell.
 */
export function createAwaits(shared: SharedState): Awaits {
  const until: Awaits["until"] = (value) => {
    const cell = currentCell();
    if (cell === undefined) return settle(cell, value);
    if (cell.stopped || Atomics.load(shared.interrupt, 0) === 1) return stopAt(cell);
    if (!isThenable(value)) return { cell, failed: false, value };
    let stop: () => void = () => undefined;
    const stopped = new Promise<Outcome>((resolve) => {
      stop = () => resolve({ cell, failed: true, value: new Interrupted() });
    });
    cell.waiting.add(stop);
    const settled = (failed: boolean) => (result: unknown) => {
      cell.waiting.delete(stop);
      return { cell, failed, value: result };
    };
    // Not `race`: only through `any` does V8 find the functions that wait, and errors know the way they have come.
    return firstOf([Promise.resolve(value).then(settled(false), settled(true)), stopped]);
  };
  const resume: Awaits["resume"] = ({ cell, failed, value }) => {
    enterCell(cell);
    if (failed) throw value;
    return value;
  };
  return { until, resume, steps: createSteps(until, resume), bind: bindToCell };
}

function settle(cell: undefined, value: unknown): Outcome | Promise<Outcome> {
  if (!isThenable(value)) return { cell, failed: false, value };
  return Promise.resolve(value).then(
    (result) => ({ cell, failed: false, value: result }),
    (reason: unknown) => ({ cell, failed: true, value: reason }),
  );
}

function stopAt(cell: Cell): Outcome | Promise<never> {
  cell.stopped = true;
  if (cell.interruptDelivered) return never;
  cell.interruptDelivered = true;
  return { cell, failed: true, value: new Interrupted() };
}

function createSteps(until: Awaits["until"], resume: Awaits["resume"]): Awaits["steps"] {
  return (iterable) => ({
    [Symbol.asyncIterator]() {
      const iterator = openIterator(iterable);
      const step = async (call: () => unknown): Promise<IteratorResult<unknown>> =>
        resume(await until(call())) as IteratorResult<unknown>;
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
