import { dirname } from "node:path";
import { Script } from "node:vm";
import type { JsonObject, MimeBundle } from "@gradbook/base";
import type { ErrorContent } from "../jupyter/messages.js";
import { type SharedState, Word } from "../shared.js";
import type { CellOutcome, PreparedCell, RefusedCell, ToMain } from "../threads.js";
import type { MendableHooks } from "./async-hooks.js";
import { Cell, currentCell, enterCell, Interrupted } from "./cell.js";
import type { CommManager } from "./comms.js";
import { bundleOf } from "./display.js";
import type { Loader, ModuleKit } from "./loader.js";
import type { Notes } from "./notes.js";
import { Scope, type ScopeKit } from "./scope.js";
import { cellsWithTimers, clearTimers, clock } from "./timers.js";
import type { Tracebacks } from "./traceback.js";

/** How long (milliseconds) a stopped cell has for its `finally` blocks. */
const finallyGraceMs = 50;

type RunNote = Extract<ToMain, { type: "run" }>;

export interface SessionParts {
  readonly shared: SharedState;
  readonly notes: Notes;
  readonly loader: Loader;
  readonly comms: CommManager;
  readonly tracebacks: Tracebacks;
  /** Path that cells pretend to be at: imports and `require` start from its folder. */
  readonly home: string;
  readonly kit: ModuleKit;
  readonly hooks: MendableHooks;
  /** Takes back the indent of groups that code which failed has left open. */
  readonly endGroups: () => void;
}

/** Runs cells one after the other and sees that each ends exactly once: by itself, by an error or by an interrupt. */
export class Session {
  readonly #parts: SessionParts;
  readonly #scope = new Scope();
  readonly #kit: ModuleKit & ScopeKit;
  readonly #require: NodeJS.Require;
  #running: { readonly cell: Cell; readonly finish: (outcome: CellOutcome) => void } | undefined;
  #latest = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#require = parts.loader.require(parts.home);
    this.#kit = { ...parts.kit, ...this.#scope.kit };
  }

  /** Whose output something is that no cell has started. */
  get currentCell(): number {
    return currentCell()?.id ?? this.#latest;
  }

  /** The cell that the front end waits for. */
  get running(): number | undefined {
    return this.#running?.cell.id;
  }

  run(note: RunNote): void {
    const cell = new Cell(note.cell);
    this.#latest = cell.id;
    const finish = this.#begin(cell);
    this.#outcome(cell, note).then(finish, (error: unknown) => finish(this.#failure(error)));
  }

  /** What the wire thread asks for after the stop button was pressed. */
  interrupt(sequence: number): void {
    const { shared, loader, hooks } = this.#parts;
    hooks.mend();
    Atomics.store(shared.words, Word.interruptSeen, sequence);
    // A library loop has taken notice and the cell goes on with what it returned.
    if (Atomics.load(shared.interrupt, 0) === 2) return;
    loader.abandon();
    const running = this.#running;
    if (running === undefined) {
      // Nothing runs but what earlier cells have left behind: that is what was meant.
      for (const cell of cellsWithTimers) clearTimers(cell);
      return;
    }
    const { cell, finish } = running;
    clearTimers(cell);
    cell.stopped = true;
    for (const stop of cell.waiting) {
      cell.interruptDelivered = true;
      stop();
    }
    cell.waiting.clear();
    clock.setTimeout(
      () => finish(this.#failure(new Interrupted())),
      cell.interruptDelivered ? finallyGraceMs : 0,
    );
  }

  /** An exception or a rejection that nothing waits for. @param cell whose it is */
  stray(error: unknown, cell: Cell | undefined): void {
    if (cell?.stopped === true || error instanceof Interrupted) return;
    const running = this.#running;
    if (running !== undefined && (cell === undefined || running.cell === cell)) {
      running.finish(this.#failure(error));
      return;
    }
    const { notes, tracebacks } = this.#parts;
    notes.post({ type: "error", cell: cell?.id ?? this.#latest, error: tracebacks.content(error) });
  }

  /** A message of a comm is handled like a cell, but it has no reply. */
  async comm(note: Extract<ToMain, { type: "comm" }>): Promise<void> {
    const { notes, comms, tracebacks } = this.#parts;
    const cell = new Cell(note.cell);
    enterCell(cell);
    try {
      await comms.receive(note);
    } catch (error) {
      notes.post({ type: "error", cell: cell.id, error: tracebacks.content(error) });
    }
    notes.post({ type: "done", cell: cell.id, outcome: { status: "ok", expressions: {} } });
  }

  #begin(cell: Cell): (outcome: CellOutcome) => void {
    const finish = (outcome: CellOutcome): void => {
      if (this.#running?.cell !== cell) return;
      this.#running = undefined;
      this.#parts.notes.post({ type: "done", cell: cell.id, outcome });
    };
    this.#running = { cell, finish };
    return finish;
  }

  async #outcome(cell: Cell, { prepared, expressions }: RunNote): Promise<CellOutcome> {
    const from = performance.now();
    const [value] = await this.#evaluate(cell, prepared);
    if (prepared.timed === true)
      this.#parts.notes.print(cell.id, "stdout", `${duration(performance.now() - from)}\n`);
    enterCell(cell);
    const data = await bundleOf(value);
    // A rejection that nobody waits for is reported at the end of this turn, and it is the cell's.
    await new Promise((resolve) => clock.setImmediate(resolve));
    const answers = await this.#expressions(cell, expressions);
    return {
      status: "ok",
      ...(data === undefined ? {} : { result: { data, metadata: {} } }),
      expressions: answers,
    };
  }

  /** @returns the cell's value in a box, so that a promise as the last expression is shown and not awaited */
  async #evaluate(
    cell: Cell,
    { code, imports, declares, positions }: PreparedCell,
  ): Promise<readonly unknown[]> {
    const { loader, tracebacks, home } = this.#parts;
    tracebacks.add(positions.file, positions);
    this.#scope.declare(declares);
    enterCell(cell);
    if (imports.length > 0) {
      await loader.bind(imports, home, this.#scope);
      enterCell(cell);
    }
    const start: unknown = new Script(code, { filename: positions.file }).runInThisContext();
    if (typeof start !== "function") throw new TypeError("a prepared cell is a function");
    const parameters = [this.#scope.values, this.#kit, this.#require, home, dirname(home)];
    const box: unknown = await Reflect.apply(start, undefined, parameters);
    return Array.isArray(box) ? box : [];
  }

  async #expressions(
    cell: Cell,
    wanted: Readonly<Record<string, PreparedCell | RefusedCell>>,
  ): Promise<Record<string, JsonObject>> {
    const answers: Record<string, JsonObject> = {};
    for (const [name, prepared] of Object.entries(wanted)) {
      try {
        if ("error" in prepared) answers[name] = { status: "error", ...describeError(prepared.error) };
        else {
          const data: MimeBundle = (await bundleOf((await this.#evaluate(cell, prepared))[0])) ?? {};
          answers[name] = { status: "ok", data, metadata: {} };
        }
      } catch (error) {
        answers[name] = { status: "error", ...describeError(this.#parts.tracebacks.content(error)) };
      }
    }
    return answers;
  }

  #failure(error: unknown): CellOutcome {
    this.#parts.endGroups();
    const interrupted = error instanceof Interrupted;
    const content = this.#parts.tracebacks.content(error);
    return { status: "error", error: content, interrupted, expressions: {} };
  }
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function describeError({ ename, evalue, traceback }: ErrorContent): JsonObject {
  return { ename, evalue, traceback };
}
