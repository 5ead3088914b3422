// node tests/dist/slow/kernel-interrupts.js [TIMES [KIND]], a part of npm run test:kernel — each kind of cell (those that
// have KIND in their name) interrupted TIMES times (default 200): all must end, within 500 ms, with their variables kept
// and nothing of them going on. Prints one line per kind.
import assert from "node:assert/strict";
import {
  contextsWork,
  hookPreparation,
  hooks,
  interruptOnce,
  kinds,
  loopsUnderHooks,
  preparation,
} from "../support/interrupts.js";
import { TestKernel } from "../support/kernel.js";

const times = Number(process.argv[2] ?? 200);
const only = process.argv[3] ?? "";
/** What a cell may take to end after the interrupt (milliseconds). */
const limit = 500;
let failures = 0;

/** Cells to run first, the cell to interrupt, and the one whose result shows that all is well behind it. */
interface Course {
  readonly before: readonly string[];
  readonly code: string;
  readonly after?: string;
}

const under = (prepared: readonly string[], code: string): Course => ({
  before: [hookPreparation, ...prepared],
  code,
  after: contextsWork,
});
const courses: Readonly<Record<string, Course>> = {
  ...Object.fromEntries(Object.entries(kinds).map(([kind, code]) => [kind, { before: [preparation], code }])),
  ...Object.fromEntries(
    Object.entries(hooks).map(([hook, code]) => [
      `${hook}: a tight loop after an await`,
      under([code], loopsUnderHooks["a tight loop after an await"]),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(loopsUnderHooks).map(([loop, code]) => [
      `all hooks: ${loop}`,
      under(Object.values(hooks), code),
    ]),
  ),
};

for (const [kind, { before, code, after }] of Object.entries(courses)) {
  if (!kind.includes(only)) continue;
  const kernel = await TestKernel.start();
  const durations: number[] = [];
  let wrong = "";
  try {
    for (const cell of before) assert.equal((await kernel.run(cell)).traceback, "");
    for (let i = 0; i < times; i++) {
      const { milliseconds, cell } = await Promise.race([
        interruptOnce(kernel, code),
        kernel.exited.then(() => assert.fail("the process ended")),
      ]);
      durations.push(milliseconds);
      if (kind === "in the middle of fit") assert.match(cell.result ?? "", /interrupted/, cell.traceback);
      else assert.equal(cell.reply.ename, "Interrupted");
      if (after !== undefined) assert.equal((await kernel.run(after)).result, "'kept'");
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
    `${kind.padEnd(68)} ${inTime} of ${times} in ${limit} ms (median ${at(0.5)}, slowest ${at(1)})${wrong}`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;
