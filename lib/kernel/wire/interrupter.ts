import { Session } from "node:inspector";
import { type SharedState, Word } from "../shared.js";
import { HookAccess } from "./hook-access.js";

/** Who has not stopped after this time (milliseconds) is stopped hard. */
const timeoutMs = 300;
/** Until main's event loop answers, it is stopped again in this retryMs (milliseconds). */
const retryMs = 25;
/** How often main may be too busy to make itself ready before it is stopped all the same. */
const patientTries = 20;
/** Main has answered, but the cell is not over: who does not answer again within this time (milliseconds) is in a loop. */
const secondPatience = 75;

/**
 * Stops what main is doing, in two steps. First the shared flag goes up: library loops look at it, and main's event
 * loop, if it is free, stops a cell that waits at an `await`. If main's event loop has not answered after 300 ms,
 * something blocks it, and V8 is told to end the running callback. Main is told again each time, because a message may
 * have been the callback that was ended, and as long as the cell is not over, because it may have caught the first.
 */
export class Interrupter {
  readonly #shared: SharedState;
  readonly #tell: (sequence: number) => void;
  readonly #release: () => void;
  readonly #hooks = new HookAccess();
  #ending: Promise<void> | undefined;
  #session: Session | undefined;
  #sequence = 0;
  #running = false;
  #unready = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param tell asks main's event loop to stop the running cell
   * @param release ends what V8 cannot: child processes that main waits for
   */
  constructor(shared: SharedState, tell: (sequence: number) => void, release: () => void) {
    this.#shared = shared;
    this.#tell = tell;
    this.#release = release;
  }

  /** @param running whether there is a cell that is to end */
  raise(running: boolean): void {
    this.#running = running;
    this.#unready = 0;
    Atomics.store(this.#shared.interrupt, 0, 1);
    this.#tell(++this.#sequence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stopHard(), timeoutMs);
  }

  /** Ends what main is doing at once. Resolves when that has happened, or main had no room to make itself ready. */
  stopNow(): Promise<void> {
    this.#release();
    if (this.#session === undefined) {
      this.#session = new Session();
      this.#session.connectToMainThread();
    }
    // One at a time: whatever a debugger evaluates behind it takes the end for its own, and the loop goes on.
    this.#ending ??= this.#end(this.#session).finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #end(session: Session): Promise<void> {
    const ready = (await this.#hooks.release(session)) || ++this.#unready >= patientTries;
    if (!ready || session !== this.#session) return;
    // Once more in one go: what ran may have ended in the meantime, and something else begun.
    this.#hooks.releaseAgain(session);
    await new Promise<void>((resolve) => session.post("Runtime.terminateExecution", () => resolve()));
  }

  /** The cell is over: nothing is left to be stopped. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // A session that is open when the process ends makes Node wait for a debugger.
    this.#session?.disconnect();
    this.#session = undefined;
  }

  #stopHard(): void {
    this.#timer = undefined;
    const { words, interrupt } = this.#shared;
    // A library loop took notice and returned what it has; what the cell does with it is not to be stopped.
    if (Atomics.load(interrupt, 0) === 2) return;
    if (Atomics.load(words, Word.interruptSeen) === this.#sequence) {
      if (!this.#running) {
        this.settle();
        return;
      }
      // The cell was told, has caught it, and may have gone into a loop.
      this.#tell(++this.#sequence);
      this.#timer = setTimeout(() => this.#stopHard(), secondPatience);
      return;
    }
    void this.stopNow();
    this.#tell(this.#sequence);
    this.#timer = setTimeout(() => this.#stopHard(), retryMs);
  }
}
