import {
  callback,
  type Given,
  number,
  options,
  type Progress,
  positive,
  progressMime,
  readOption,
  text,
} from "@gradbook/base";
import { escapeHtml } from "./escape.js";
import { frontEnd, newDisplayId, publish } from "./publish.js";
import { type Clock, Throttle } from "./throttle.js";

const progressOptions = {
  /** What is going on, e.g. `"training"`. */
  label: text(),
  /** How much there is to do, in units. */
  total: positive(),
  /**
   * The unit's plural, e.g. `"epochs"`.
   * @default "steps"
   */
  unit: text().or("steps"),
  /**
   * Milliseconds since some start.
   * @default () => performance.now()
   */
  clock: callback<Clock>().or(() => performance.now()),
};
/**
 * Options of `progress`.
 * @interface
 */
export type ProgressConfig = Given<typeof progressOptions>;

/** What `progress` returns: says how far the work is. */
export interface ProgressBar {
  /** Adds `units` (default 1) to what is done. */
  add(units?: number): void;
  /** Sets what is done, in units of the total. */
  update(done: number): void;
  /** Draws the last state; it carries no times, so that the same notebook is saved with the same bytes. */
  end(): void;
}

/**
 * A progress bar with rate and time left. In a notebook it is one output that replaces itself at most ten times a
 * second; in a terminal one line that overwrites itself; a headless run forwards it to its own bar.
 * @throws GradbookError when the total is not above 0, or an option is unknown
 *
 * @example
 * ```ts
 * import { progress } from "gradbook";
 *
 * const bar = progress({ label: "embedding", total: 3, unit: "maps" });
 * for (let map = 0; map < 3; map++) bar.add();
 * bar.end();
 * ```
 */
export function progress(config: ProgressConfig): ProgressBar {
  const { label, total, unit, clock } = options("progress", progressOptions, config);
  return new Bar(label, total, unit, clock);
}

class Bar implements ProgressBar {
  readonly #label: string;
  readonly #total: number;
  readonly #unit: string;
  readonly #clock: Clock;

  #done = 0;
  #ended = false;
  readonly #started: number;
  readonly #throttle: Throttle;
  readonly #displayId = newDisplayId();
  #shown = false;

  constructor(label: string, total: number, unit: string, clock: Clock) {
    this.#label = label;
    this.#total = total;
    this.#unit = unit;
    this.#clock = clock;

    this.#throttle = new Throttle(clock);
    this.#started = clock();
    this.#throttle.run(() => this.#draw());
  }

  add(units = 1): void {
    this.update(this.#done + readOption("progress.add", "units", number(), units));
  }

  update(done: number): void {
    this.#done = readOption("progress.update", "done", number(), done);
    if (!this.#ended) this.#throttle.run(() => this.#draw());
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#draw();
  }

  #draw(): void {
    const label = this.#label;
    const done = this.#done;
    const total = this.#total;
    const seconds = (this.#clock() - this.#started) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const secondsLeft = rate > 0 ? Math.max(0, total - done) / rate : null;
    const text = this.#text(rate, secondsLeft);
    if (frontEnd() === "terminal") {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}${this.#ended ? "\n" : ""}`);
      return;
    }
    const html =
      `<div><progress max="${total}" value="${Math.min(done, total)}" style="width:16em"` +
      ` aria-label="${escapeHtml(label)}"></progress> ${escapeHtml(text)}</div>`;
    const state: Progress = { label, done, total, rate, ...(secondsLeft === null ? {} : { secondsLeft }) };
    publish({
      data: {
        "text/html": html,
        [progressMime]: state,
        "text/plain": text,
      },
      displayId: this.#displayId,
      update: this.#shown,
    });
    this.#shown = true;
  }

  #text(rate: number, secondsLeft: number | null): string {
    const label = this.#label;
    const done = this.#done;
    const total = this.#total;
    const unit = this.#unit;
    const count = `${label}: ${round(done)} of ${round(total)} ${unit}`;
    if (this.#ended || secondsLeft === null) return count;
    return `${count} · ${round(rate)} ${unit}/s · ${duration(secondsLeft)} left`;
  }
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(value < 10 ? 2 : 3)));
}

/** `0:07`, `12:30`, `3:05:00` */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
