import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";
import { bindToCell, type Cell, currentCell } from "./cell.js";

type Callback = (...parameters: unknown[]) => unknown;
type Schedule<T> = (callback: Callback, ...parameters: unknown[]) => T;

/** The clock of the kernel itself, which belongs to no cell. */
export const clock = { setTimeout, clearTimeout, setImmediate };

/**
 * Makes every timer known to the cell that started it, so that an interrupt can clear it: in the globals, in
 * `node:timers` and in `node:timers/promises`.
 */
export function patchTimers(): void {
  const setTimeoutOfCell = owned<NodeJS.Timeout>(timers.setTimeout as Schedule<NodeJS.Timeout>, true);
  const setIntervalOfCell = owned<NodeJS.Timeout>(timers.setInterval as Schedule<NodeJS.Timeout>, false);
  const setImmediateOfCell = owned<NodeJS.Immediate>(timers.setImmediate as Schedule<NodeJS.Immediate>, true);
  const promises = {
    setTimeout: promised(timersPromises.setTimeout as Callback, (done, delay, value) =>
      setTimeoutOfCell(() => done(value), delay),
    ),
    setImmediate: promised(timersPromises.setImmediate as Callback, (done, value) =>
      setImmediateOfCell(() => done(value)),
    ),
  };
  const functions = {
    setTimeout: Object.assign(setTimeoutOfCell, { [promisify.custom]: promises.setTimeout }),
    setInterval: setIntervalOfCell,
    setImmediate: Object.assign(setImmediateOfCell, { [promisify.custom]: promises.setImmediate }),
  };
  Object.assign(timers, functions);
  Object.assign(timersPromises, promises);
  Object.assign(globalThis, functions);
  syncBuiltinESMExports();
}

export function clearTimers(cell: Cell): void {
  for (const timer of cell.timers) {
    if ("hasRef" in timer && "refresh" in timer) clearTimeout(timer);
    else clearImmediate(timer as NodeJS.Immediate);
  }
  cell.timers.clear();
}

/** All cells with timers under way. */
export const cellsWithTimers = new Set<Cell>();

function owned<T extends NodeJS.Timeout | NodeJS.Immediate>(
  schedule: Schedule<T>,
  once: boolean,
): Schedule<T> {
  return (callback, ...parameters) => {
    const cell = currentCell();
    if (cell === undefined || typeof callback !== "function") return schedule(callback, ...parameters);
    const bound = bindToCell(callback);
    const timer = schedule(
      function (this: unknown, ...values: unknown[]) {
        if (once) forget(cell, timer);
        return Reflect.apply(bound, this, values);
      },
      ...parameters,
    );
    cell.timers.add(timer);
    cellsWithTimers.add(cell);
    return timer;
  };
}

function forget(cell: Cell, timer: NodeJS.Timeout | NodeJS.Immediate): void {
  cell.timers.delete(timer);
  if (cell.timers.size === 0) cellsWithTimers.delete(cell);
}

/** The promise form; with an abort signal or outside any cell it is Node's own. */
function promised(
  original: Callback,
  start: (done: (value: unknown) => void, ...parameters: unknown[]) => void,
): (...parameters: unknown[]) => Promise<unknown> {
  return (...parameters) => {
    const options = parameters.at(-1);
    const plain =
      typeof options !== "object" || options === null || !("signal" in options || "ref" in options);
    if (currentCell() === undefined || !plain) return Promise.resolve(original(...parameters));
    return new Promise((resolve) => start(resolve, ...parameters));
  };
}
