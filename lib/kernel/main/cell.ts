import { AsyncLocalStorage } from "node:async_hooks";

/** Thrown at the first `await` of a cell after it was interrupted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("the cell was stopped");
  }
}

/** A cell from its start on. What it sets going asynchronously is known as its own, also when the cell is long over. */
export class Cell {
  readonly id: number;
  readonly allowStdin: boolean;
  /** Timers that have not fired. */
  readonly timers = new Set<NodeJS.Timeout | NodeJS.Immediate>();
  /** Rejects what the cell's code is waiting for. */
  readonly waiting = new Set<(reason: Interrupted) => void>();
  /** Stopped: its awaits don't go on any more. */
  stopped = false;
  /** Whether `Interrupted` was thrown into the cell, which happens once. */
  told = false;

  constructor(id: number, allowStdin: boolean) {
    this.id = id;
    this.allowStdin = allowStdin;
  }
}

/** Which cell the running code belongs to, carried along through promises, timers and events. */
export const cellStorage = new AsyncLocalStorage<Cell>();
