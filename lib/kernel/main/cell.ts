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
  /** Timers that have not fired. */
  readonly timers = new Set<NodeJS.Timeout | NodeJS.Immediate>();
  /** Ends, with `Interrupted`, what the cell's code is waiting for. */
  readonly waiting = new Set<() => void>();
  /** Its awaits don't go on any more. */
  stopped = false;
  /** Whether `Interrupted` was thrown into the cell, which happens once. */
  interruptDelivered = false;

  constructor(id: number) {
    this.id = id;
  }
}

/**
 * The cell whose code runs. It is carried along by what cells consist of: their awaits, timers, promise callbacks and
 * event listeners each put their cell back here before they go on. Node's AsyncLocalStorage would do the same for
 * any code, but before Node 24 it stands on async hooks, which make every promise of every cell slower.
 */
let current: Cell | undefined;
/** The cell whose code ran last. A rejection is reported after the code that caused it, so it is this one's. */
let latest: Cell | undefined;

export function currentCell(): Cell | undefined {
  return current;
}

export function latestCell(): Cell | undefined {
  return latest;
}

/** From here on, until somebody else is entered, what happens is the cell's. */
export function enterCell(cell: Cell | undefined): void {
  current = cell;
  latest = cell;
}

/** Binds a callback to the cell that is running now; anything else is returned as it is. */
export function bindToCell<T>(callback: T): T {
  const cell = current;
  if (cell === undefined || typeof callback !== "function") return callback;
  const bound = function (this: unknown, ...values: unknown[]): unknown {
    const before = current;
    enterCell(cell);
    const result = Reflect.apply(callback, this, values);
    current = before;
    latest = cell;
    return result;
  };
  return bound as T;
}
