import { EventEmitter } from "node:events";
import { bindToCell, currentCell } from "./cell.js";

type Listener = ((...values: unknown[]) => void) & { listener?: Listener };

/** Callbacks given to Node run as the cell that gave them: microtasks, ticks and listeners of events. */
export function patchCallbacks(): void {
  const { queueMicrotask: microtask } = globalThis;
  const { nextTick } = process;
  globalThis.queueMicrotask = (callback) => microtask(bindToCell(callback));
  process.nextTick = (callback, ...values: unknown[]) => nextTick(bindToCell(callback), ...values);

  const prototype: EventEmitter = EventEmitter.prototype;
  for (const name of ["on", "prependListener"] as const) {
    const original = prototype[name];
    const register = function (this: EventEmitter, event: string | symbol, listener: Listener): EventEmitter {
      return Reflect.apply(original, this, [event, bindListener(listener)]);
    };
    prototype[name] = register as typeof original;
  }
  prototype.addListener = prototype.on;
  const { once } = prototype;
  prototype.once = function (this: EventEmitter, event, listener: Listener) {
    if (typeof listener !== "function" || currentCell() === undefined) {
      return Reflect.apply(once, this, [event, listener]);
    }
    const bound: Listener = bindToCell((...values: unknown[]) => {
      this.removeListener(event, bound);
      return Reflect.apply(listener, this, values);
    });
    return this.on(event, Object.assign(bound, { listener }));
  };
}

/** Node finds a listener, when it is to be removed, by its property `listener`; one that has it is bound already. */
function bindListener(listener: Listener): Listener {
  if (typeof listener !== "function" || currentCell() === undefined || listener.listener !== undefined)
    return listener;
  return Object.assign(bindToCell(listener), { listener });
}
