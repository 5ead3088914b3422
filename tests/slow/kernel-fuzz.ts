// node tests/dist/slow/kernel-fuzz.js [MESSAGES] [SEED], a part of npm run test:kernel — throws malformed, wrongly signed
// and replayed messages (default 10,000) at a kernel, on all channels, while it works. None may be evaluated, and the
// kernel must answer as before.
import assert from "node:assert/strict";
import { createRandom, malformedMessage } from "../support/fuzz.js";
import { TestKernel } from "../support/kernel.js";

const messages = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);
const random = createRandom(seed);
const kernel = await TestKernel.start();
const recorded = kernel.compose("execute_request", {
  code: 'console.log("FUZZ recorded")',
  silent: false,
});
await kernel.send("shell", recorded);

for (let i = 0; i < messages; i++) {
  const channel = (["shell", "control", "stdin"] as const)[Math.floor(random() * 3)];
  const replay = random() < 0.1;
  await kernel.send(channel, replay ? recorded : malformedMessage(random, kernel.connection));
  if (i % 1000 === 999) assert.equal((await kernel.run(`${i} + 1`)).result, String(i + 1));
}
const printed = kernel.heard
  .map(({ content }) => String(content.text ?? ""))
  .filter((text) => text.includes("FUZZ"));
assert.deepEqual(printed, ["FUZZ recorded\n"], "evaluated once, as it was sent");
assert.ok((await kernel.beat()) < 1000);
assert.equal(await kernel.shutdown(), 0);
assert.equal(kernel.log(), "");
console.log(`${messages} messages (seed ${seed}): none evaluated, the kernel answers and ends as it should`);
