import { frontEnd } from "./publish.js";

/**
 * Milliseconds that have passed since some start; `performance.now` outside of tests.
 * @inline
 */
export type Clock = () => number;

/**
 * Says when an update may be sent: at most ten a second, and so rarely that drawing takes at most a fiftieth of the
 * time. Stock tslab holds back at most 512 messages of a busy cell and loses the rest, so there it is one a second
 * and at most 40 in all.
 */
export class Throttle {
  readonly #clock: Clock;

  #last = Number.NEGATIVE_INFINITY;
  #cost = 0;
  #sent = 0;
  readonly #frugal: boolean;

  constructor(clock: Clock) {
    this.#clock = clock;

    this.#frugal = frontEnd() === "tslab";
  }

  /** Calls `draw` when its time has come. */
  run(draw: () => void): void {
    const now = this.#clock();
    const pause = Math.max(this.#frugal ? 1000 : 100, 50 * this.#cost);
    if (now - this.#last < pause || (this.#frugal && this.#sent >= 40)) return;
    draw();
    this.#sent++;
    this.#last = this.#clock();
    this.#cost = this.#last - now;
  }
}
