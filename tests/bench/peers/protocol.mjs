// The conversation with the runner: one JSON job a line on standard input, one JSON answer a line on standard output.
import { createInterface } from "node:readline";

/** `measure(job)` returns a record or a promise of one; what it throws becomes the reason why it cannot be done. */
export async function serve(about, measure) {
  // whatever a library prints is no answer
  for (const name of ["log", "info", "warn", "debug"]) console[name] = (...words) => console.error(...words);
  const answer = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);
  answer({ about });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      answer(await measure(JSON.parse(line)));
    } catch (error) {
      answer({ reason: String(error).split("\n")[0].slice(0, 200) });
    }
  }
}

/**
 * Steps for a while; the first ones, in which buffers are made and code is compiled, do not count. At least three of
 * either, unless a step is so slow that one must do. 0 seconds: only the first ones.
 */
export function imagesPerSecond(step, batch, seconds) {
  run(step, seconds / 4);
  if (seconds === 0) return {};
  const { steps, elapsed } = run(step, seconds);
  return { imagesPerSecond: (steps * batch) / elapsed };
}

function run(step, seconds) {
  const started = performance.now();
  for (let steps = 1; ; steps++) {
    step();
    const elapsed = (performance.now() - started) / 1000;
    if (elapsed >= seconds && (steps >= 3 || elapsed >= 2)) return { steps, elapsed };
  }
}
