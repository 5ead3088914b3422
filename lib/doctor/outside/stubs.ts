import type { Remote } from "./heap.js";

/** A function of the other side: called, or constructed, it asks there. */
export function stubOf(remote: Remote): object {
  return function stub(this: unknown, ...args: unknown[]): unknown {
    return new.target === undefined ? remote.apply(stub, this, args) : remote.construct(stub, args);
  };
}
