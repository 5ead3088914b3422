import { interruptSymbol } from "./frontend.js";

/** Whether the user asked to stop; acknowledges it. Cheap enough to be asked between two batches. */
export function stopRequested(): boolean {
  const flag: unknown = Reflect.get(globalThis, interruptSymbol);
  if (!(flag instanceof Int32Array) || Atomics.load(flag, 0) === 0) return false;
  Atomics.store(flag, 0, 2);
  return true;
}
