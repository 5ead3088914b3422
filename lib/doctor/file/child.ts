// Runs in a process of its own: the examined code, and nothing else. Answers the doctor's questions about it, byte for
// byte data; no verdict is made here.
import { readSync, writeSync } from "node:fs";
import { Rng } from "@gradbook/core";
import { randomSource } from "../driving/random-source.js";
import { frameHead, mark, readChannel, writeChannel } from "../outside/frames.js";
import { type Extras, type Line, Peer } from "../outside/peer.js";
import { Bytes, mapGet, mapSet, NewArrayBuffer, NewMap, subBytes, Words } from "../outside/primordials.js";
import { importFile } from "./import-file.js";

const wait = Atomics.wait;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const leave = Reflect.get(process, "reallyExit").bind(process) as (code: number) => never;
const cpuUsage = process.cpuUsage;
const mathematics = Math;

const head = new Words(frameHead / 4);
const headBytes = new Bytes(head.buffer);

const line: Line = {
  receive() {
    read(headBytes, frameHead);
    const size = head[1];
    const buffer = new NewArrayBuffer(size + 8 - (size % 8));
    read(new Bytes(buffer), size);
    return { buffer, size };
  },
  send(message) {
    const { length } = message;
    head[0] = mark;
    head[1] = length;
    write(headBytes, frameHead);
    write(message, length);
  },
};

function read(target: Uint8Array, size: number): void {
  for (let at = 0; at < size; ) {
    const count = patiently(() => readSync(readChannel, target, at, size - at, null));
    // the doctor has all that it wanted
    if (count === 0) leave(0);
    at += count;
  }
}

function write(source: Uint8Array, size: number): void {
  for (let at = 0; at < size; ) {
    const rest = subBytes(source, at, size);
    at += patiently(() => writeSync(writeChannel, rest));
  }
}

function patiently(attempt: () => number): number {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" && code !== "EINTR") leave(0);
      wait(sleeper, 0, 0, 1);
    }
  }
}

interface Seeded {
  readonly random: () => number;
  draws: number;
}
const sources = new NewMap<unknown, unknown>();
let seeded: Seeded | undefined;
let native: (() => number) | undefined;

function newSeeded(seed: string): Seeded {
  const rng = new Rng(seed);
  const source: Seeded = {
    random: () => {
      source.draws++;
      return rng.uniform();
    },
    draws: 0,
  };
  return source;
}

/** Math.random is the code's own, or a seeded one while the doctor says so. */
function useRandom(key: string, seed: string): void {
  if (key === "") {
    if (native !== undefined) mathematics.random = native;
    native = undefined;
    seeded = undefined;
    return;
  }
  native ??= mathematics.random;
  let source = mapGet(sources, key) as Seeded | undefined;
  if (source === undefined) {
    source = newSeeded(seed);
    mapSet(sources, key, source);
  }
  seeded = source;
  mathematics.random = source.random;
}

const extras: Extras = {
  read(r) {
    useRandom(r.text(), r.text());
  },
  write(w) {
    w.double(seeded?.draws ?? 0);
    w.double(cpuUsage().user / 1000);
  },
};

const peer: Peer = new Peer({
  first: 1,
  line,
  extras,
  allows: () => true,
  onBroken: () => {
    peer.giveUp();
    return leave(0);
  },
  seedOf: () => undefined,
  randomOf: randomSource,
});
await peer.answerLoad(async (path) => ({ exported: await importFile(path) }));
peer.serve();
