import { createHmac, randomUUID } from "node:crypto";
import type { ConnectionInfo } from "#kernel/jupyter/connection.js";

/** Numbers from a seed, so that a failure can be had again. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Frames that are no proper message: wrong in one of many ways. Code that would run says so on the console. */
export function malformedMessage(random: () => number, { key }: ConnectionInfo): (string | Uint8Array)[] {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)];
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() * 256);
  const header = {
    msg_id: randomUUID(),
    msg_type: pick([
      "execute_request",
      "complete_request",
      "shutdown_request",
      "interrupt_request",
      "nonsense",
    ]),
    session: "fuzz",
    username: "fuzz",
    date: "now",
    version: "5.4",
  };
  const content = { code: 'console.log("FUZZ")', cursor_pos: 3, restart: false };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  const sign = (frames: readonly string[], secret = key): string => {
    const hmac = createHmac("sha256", secret);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  };
  const right = sign(parts);
  const broken = pick(["{", "[]", "null", "5", '"text"', "", "{]", "nonsense", '{"msg_id":5}']);
  const at = Math.floor(random() * 4);
  const withBroken = parts.map((part, i) => (i === at ? broken : part));
  const delimiter = "<IDS|MSG>";
  return pick<() => (string | Uint8Array)[]>([
    () => [delimiter, "", ...parts],
    () => [delimiter, right.slice(0, -1) + (right.endsWith("0") ? "1" : "0"), ...parts],
    () => [delimiter, right.toUpperCase(), ...parts],
    () => [delimiter, `${right} `, ...parts],
    () => [delimiter, sign(parts, "another key"), ...parts],
    () => [delimiter, bytes(64), ...parts],
    () => [delimiter, right, ...parts.slice(0, 3)],
    () => [delimiter, right],
    () => [delimiter],
    () => [right, ...parts],
    () => ["IDS|MSG", right, ...parts],
    () => [bytes(Math.floor(random() * 50)), bytes(Math.floor(random() * 50))],
    () => Array.from({ length: Math.floor(random() * 12) + 1 }, () => bytes(Math.floor(random() * 200))),
    () => [""],
    // Signed by somebody who has the key, and still no message.
    () => (at === 0 ? [delimiter, sign(withBroken), ...withBroken] : [delimiter, right, ...withBroken]),
    () => [delimiter, right, parts[0], parts[1], parts[3], parts[2]],
    () => [delimiter, delimiter, right, ...parts],
  ])();
}
