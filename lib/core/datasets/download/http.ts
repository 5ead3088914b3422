import { once } from "node:events";
import { createWriteStream, rmSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { diskError } from "./disk.js";
import { MirrorFailure, type Patience } from "./listener.js";

/** Tries that bring nothing new before a mirror is given up, and tries in all. */
const idleAttempts = 2;
const mostTries = 20;

/**
 * Fetches `url` into the file `part`, going on where an earlier call was cut. A cut connection is taken up again with
 * HTTP Range; a server without it starts again at 0. What arrives is *not* verified here: the caller does that with
 * the raw content and throws the part away when it is wrong.
 *
 * @param onBytes told the size of `part` after each piece, and the size that it will have (0: unknown)
 * @throws MirrorFailure when the server can't be reached, refuses, stalls, or cuts again and again
 * @throws GradbookError when the disk can't take it
 */
export async function download(
  url: string,
  part: string,
  patience: Patience,
  onBytes: (done: number, total: number) => void,
): Promise<void> {
  let best = sizeOf(part);
  let idle = 0;
  for (let tries = 0; tries < mostTries; tries++) {
    const before = best;
    let reason: string;
    try {
      if (await tryOnce(url, part, patience, onBytes)) return;
      reason = "the connection was cut";
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      reason = error.message;
    }
    best = Math.max(best, sizeOf(part));
    idle = best > before ? 0 : idle + 1;
    if (idle >= idleAttempts)
      throw new MirrorFailure(
        `${reason} at byte ${sizeOf(part)}, giving up after ${idleAttempts} attempts without progress`,
      );
    await sleep(patience.pause);
  }
  throw new MirrorFailure(`the connection was cut ${mostTries} times`);
}

/** A fault on the way that another try may mend. */
class Interrupted extends Error {}

/** @returns true when the file is complete, as far as the server's own numbers say */
async function tryOnce(
  url: string,
  part: string,
  patience: Patience,
  onBytes: (done: number, total: number) => void,
): Promise<boolean> {
  const have = sizeOf(part);
  const timer = new Watchdog();
  timer.start(patience.connect);
  try {
    const response = await answer(url, have, timer);
    if (response.status === 416) {
      const whole = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1]);
      if (whole === have) return true;
      rmSync(part);
      throw new Interrupted("the partial download does not match the file");
    }
    const start = startOf(response, have);
    const length = Number(response.headers.get("content-length") ?? 0);
    // A length counts the bytes on the wire: behind a Content-Encoding it says nothing about the file.
    const total = length > 0 && !response.headers.has("content-encoding") ? start + length : 0;
    const done = await save(response, part, start, timer, patience.stall, (size) => onBytes(size, total));
    return total === 0 || done === total;
  } finally {
    timer.stop();
  }
}

async function answer(url: string, have: number, timer: Watchdog): Promise<Response> {
  const headers = { "accept-encoding": "identity", ...(have > 0 ? { range: `bytes=${have}-` } : {}) };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: timer.signal });
  } catch (error) {
    const reason = reasonOf(error);
    if (timer.fired) throw new MirrorFailure("no answer");
    if (reason === "ECONNRESET" || reason === "UND_ERR_SOCKET") throw new Interrupted(reason);
    throw new MirrorFailure(reason);
  }
  if (response.ok || response.status === 416) return response;
  timer.abort(); // the body of a refusal is of no interest
  if (response.status >= 500) throw new Interrupted(`HTTP ${response.status}`);
  throw new MirrorFailure(`HTTP ${response.status}`);
}

/** Where in the file this answer begins. */
function startOf(response: Response, have: number): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  if (range !== null && Number(range[1]) === have) return have;
  throw new MirrorFailure("it answered with a different range than requested");
}

async function save(
  response: Response,
  part: string,
  start: number,
  timer: Watchdog,
  stall: number,
  onSize: (size: number) => void,
): Promise<number> {
  const file = createWriteStream(part, { flags: start === 0 ? "w" : "a" });
  let fault: unknown;
  file.on("error", (error) => {
    fault = error;
    timer.abort();
  });
  let size = start;
  try {
    onSize(size);
    const reader = response.body?.getReader();
    for (;;) {
      const piece = (await reader?.read())?.value;
      if (piece === undefined) break;
      timer.start(stall);
      size += piece.length;
      if (!file.write(piece)) await once(file, "drain");
      onSize(size);
    }
  } catch (error) {
    if (fault !== undefined) throw diskError(part, fault);
    throw new Interrupted(timer.fired ? `no data for ${stall / 1000} s` : reasonOf(error));
  } finally {
    timer.stop();
    if (fault === undefined) await new Promise<void>((done) => file.end(done));
  }
  if (fault !== undefined) throw diskError(part, fault);
  return size;
}

/** Aborts a request that has not been heard of for some time. */
class Watchdog {
  fired = false;
  readonly #controller = new AbortController();
  #timeout: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts again from 0. */
  start(milliseconds: number): void {
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => {
      this.fired = true;
      this.#controller.abort();
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timeout);
  }

  abort(): void {
    this.stop();
    this.#controller.abort();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** fetch hides the network's reason (ENOTFOUND, ECONNREFUSED …) in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return error.message;
}
