// node tests/dist/slow/kernel-interrupts.js [TIMES], a part of npm run test:kernel — each kind of cell interrupted TIMES
// times (default 200): all must end, within 500 ms, with their variables kept and nothing of them going on. Prints one
// line a kind.
import assert from "node:assert/strict";
import { interruptOnce, kinds, preparation } from "../support/interrupts.js";
import { TestKernel } from "../support/kernel.js";

const times = Number(process.argv[2] ?? 200);
/** What a cell may take to end after the interrupt (milliseconds). */
const limit = 500;
let failures = 0;

for (const [kind, code] of Object.entries(kinds)) {
  const kernel = await TestKernel.start();
  const durations: number[] = [];
  let wrong = "";
  try {
    assert.equal((await kernel.run(preparation)).traceback, "");
    for (let i = 0; i < times; i++) {
      const { milliseconds, cell } = await interruptOnce(kernel, code);
      durations.push(milliseconds);
      if (kind === "in the middle of fit") assert.match(cell.result ?? "", /interrupted/, cell.traceback);
      else assert.equal(cell.reply.ename, "Interrupted");
    }
  } catch (error) {
    wrong = `  FAILED at ${durations.length + 1}: ${error instanceof Error ? error.message : error}\n${kernel.log()}`;
  }
  await kernel.shutdown().catch(() => kernel.close());
  const inTime = durations.filter((one) => one <= limit).length;
  if (wrong !== "" || inTime < times) failures++;
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(0);
  console.log(
    `${kind.padEnd(52)} ${inTime} of ${times} in ${limit} ms (median ${at(0.5)}, slowest ${at(1)})${wrong}`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;
