/** What a bar writes to: `process.stderr`, or a test's. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressConfig {
  /** What is going on: "MNIST", "hw4". */
  readonly label: string;
  /** Of `done` and `total`: "bytes" are shown as MB, everything else by its name ("cells", "epochs", "tests"). */
  readonly unit: string;
  /** Default: `process.stderr`, so that a command's result can be piped. */
  readonly stream?: ProgressStream;
  /** Milliseconds; default: `performance.now`. */
  readonly now?: () => number;
}

/** Between two drawings of the bar, and between two plain lines where there is no terminal (milliseconds). */
const drawEvery = 100;
const lineEvery = 10_000;
const cells = 24;

/**
 * A progress bar with rate and time left, for downloads, notebooks and tests alike.
 *
 * In a terminal one line that redraws itself; elsewhere (a pipe, CI) a plain line at most every ten seconds, so that
 * a log stays short. `update` may be called as often as one likes.
 *
 * `MNIST ██████████░░░░░░░░░░ 42 %  4.9/11.6 MB  8.1 MB/s  0:01 left  train-images-idx3-ubyte from …`
 */
export class Progress {
  readonly #config: ProgressConfig;

  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #rate = new Rate();
  #drawnAt = Number.NEGATIVE_INFINITY;
  #onScreen = false;

  constructor(config: ProgressConfig) {
    this.#config = config;

    this.#stream = config.stream ?? process.stderr;
    this.#now = config.now ?? (() => performance.now());
  }

  /**
   * @param done so far, in the unit
   * @param total in all; 0 when unknown: then there is no bar, only the count
   * @param text what is being done just now: "epoch 3/15"
   */
  update(done: number, total: number, text = ""): void {
    const now = this.#now();
    this.#rate.see(now, done);
    const wait = this.#stream.isTTY ? drawEvery : lineEvery;
    if (now - this.#drawnAt < wait) return;
    this.#drawnAt = now;
    if (this.#stream.isTTY) this.#draw(this.#line(done, total, text, cells));
    else this.#stream.write(`${this.#line(done, total, text, 0)}\n`);
  }

  /** A line that stays, above the bar. */
  note(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  /** Takes the bar away and leaves `text`, when there is one. */
  end(text?: string): void {
    this.#clear();
    if (text !== undefined) this.#stream.write(`${text}\n`);
  }

  #line(done: number, total: number, text: string, width: number): string {
    const parts = [this.#config.label];
    const share = total > 0 ? Math.min(done / total, 1) : undefined;
    if (share !== undefined && width > 0) {
      const full = Math.round(share * width);
      parts[0] += ` ${"█".repeat(full)}${"░".repeat(width - full)}`;
    }
    if (share !== undefined) parts[0] += ` ${Math.floor(share * 100)} %`;
    parts.push(this.#amount(done, total));
    const perSecond = this.#rate.perSecond;
    if (perSecond > 0) {
      parts.push(`${this.#quantity(perSecond)}/s`);
      if (share !== undefined && done < total)
        parts.push(`${shownDuration((total - done) / perSecond)} left`);
    }
    if (text !== "") parts.push(text);
    return parts.join("  ");
  }

  #amount(done: number, total: number): string {
    if (total <= 0) return this.#quantity(done);
    if (this.#config.unit !== "bytes")
      return `${shownNumber(done)}/${shownNumber(total)} ${this.#config.unit}`;
    return `${(done / 1e6).toFixed(1)}/${(total / 1e6).toFixed(1)} MB`;
  }

  #quantity(n: number): string {
    return this.#config.unit === "bytes"
      ? `${(n / 1e6).toFixed(1)} MB`
      : `${shownNumber(n)} ${this.#config.unit}`;
  }

  #draw(line: string): void {
    const width = this.#stream.columns ?? 80;
    // One column stays free: a full line would wrap in some terminals and could not be redrawn.
    const cut = line.length < width ? line : `${line.slice(0, width - 2)}…`;
    this.#stream.write(`\r\x1b[K${cut}`);
    this.#onScreen = true;
  }

  #clear(): void {
    if (this.#onScreen) this.#stream.write("\r\x1b[K");
    this.#onScreen = false;
  }
}

/**
 * Units per second over the last twenty seconds or the last half of the time, whichever is longer: the time left
 * follows a change of pace, but work that comes in bursts (a long cell, a slow test file) does not make it jump.
 */
class Rate {
  perSecond = 0;
  #seen: { readonly time: number; readonly done: number }[] = [];

  see(time: number, done: number): void {
    const last = this.#seen.at(-1);
    if (last === undefined || done < last.done) {
      this.#seen = [{ time, done }];
      this.perSecond = 0;
      return;
    }
    if (time - last.time < 200) return;
    this.#seen.push({ time, done });
    const [first] = this.#seen;
    const window = Math.max(20_000, (time - first.time) / 2);
    const over = (from: { readonly time: number; readonly done: number }) =>
      (done - from.done) / ((time - from.time) / 1000);
    const recent = this.#seen.find((point) => time - point.time <= window) ?? first;
    this.perSecond = recent.time < time && recent.done < done ? over(recent) : over(first);
  }
}

/** 0:07, 12:30, 3:05:00 */
export function shownDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function shownNumber(n: number): string {
  return Number.isInteger(n) || n >= 100 ? n.toFixed(0) : n.toPrecision(2);
}
