/**
 * The stop button. A kernel that can be interrupted puts an `Int32Array` of length 1 on shared memory under this
 * symbol: 0 = go on, 1 = the user asked to stop, 2 = a loop of the library saw it and returned what it had.
 */
const flag = Symbol.for("Jupyter.interrupt");

/** Whether the user asked to stop; acknowledges it. Cheap enough to be asked between two batches. */
export function stopRequested(): boolean {
  const cell: unknown = Reflect.get(globalThis, flag);
  if (!(cell instanceof Int32Array) || Atomics.load(cell, 0) === 0) return false;
  Atomics.store(cell, 0, 2);
  return true;
}
