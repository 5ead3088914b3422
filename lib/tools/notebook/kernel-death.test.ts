import assert from "node:assert/strict";
import { test } from "node:test";
import { explainDeath } from "./kernel-death.js";

const quiet = { lastWords: "", memoryWords: "", memoryKills: 0 };
const collection =
  "[10686:0x3f30f880]     1523 ms: Mark-Compact 199.7 (234.0) -> 199.5 (234.0) MB, 134.49 / 0.00 ms";

for (const [title, death, got, cure] of [
  [
    "a full heap",
    {
      exit: { code: null, signal: "SIGABRT" },
      ...quiet,
      lastWords: "16: 0x195e476",
      memoryWords: `${collection}\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory`,
    },
    "JavaScript's heap was full at 234 MB, and the kernel's process ended (signal SIGABRT)",
    "Keep less in memory (typed arrays do not count), or let it have more: NODE_OPTIONS=--max-old-space-size=468 (MB).",
  ],
  [
    "memory that the system does not give",
    {
      exit: { code: null, signal: "SIGABRT" },
      ...quiet,
      memoryWords: "\nterminate called after throwing an instance of 'std::bad_alloc'",
    },
    "the system gave it no more memory, and the kernel's process ended (signal SIGABRT)",
    "Keep less in memory; ulimit -v shows a limit, free -m what there is.",
  ],
  [
    "the system's memory guard",
    { exit: { code: null, signal: "SIGKILL" }, ...quiet, memoryKills: 1 },
    "the system has killed a process for its memory, and the kernel's process ended (signal SIGKILL)",
    "Keep less in memory, or give the machine, the container or the job more.",
  ],
  [
    "the same behind a shell",
    { exit: { code: 137, signal: null }, ...quiet, memoryKills: 2 },
    "the system has killed a process for its memory, and the kernel's process ended (exit code 137)",
    "Keep less in memory, or give the machine, the container or the job more.",
  ],
  [
    "kill -9, of which nobody says why",
    { exit: { code: null, signal: "SIGKILL" }, ...quiet },
    "the kernel's process ended (signal SIGKILL)",
    "It was killed from outside: by a user, or by a limit of the machine, the container or the job.",
  ],
  [
    "somebody else's end for memory, and an own one",
    { exit: { code: 3, signal: null }, ...quiet, memoryKills: 1 },
    "the kernel's process ended (exit code 3)",
    "If a cell, or a package that it uses, calls process.exit: leave that out.",
  ],
  [
    "a crash of native code",
    { exit: { code: null, signal: "SIGSEGV" }, ...quiet },
    "the kernel's process ended (signal SIGSEGV)",
    "Native code has failed, that of a package or Node's own; running the cell's parts one by one shows which.",
  ],
  [
    "an exit with words",
    { exit: { code: 1, signal: null }, ...quiet, lastWords: "no such option" },
    "the kernel's process ended (exit code 1); its last output:\nno such option\n",
    "Its last output says why.",
  ],
  [
    "a program that is not there",
    { exit: { code: null, signal: null }, ...quiet, lastWords: "spawn node ENOENT" },
    "the kernel's process ended (it could not be started); its last output:\nspawn node ENOENT\n",
    "Is the kernel's program installed?",
  ],
] as const) {
  test(`explains ${title}`, () => assert.deepEqual(explainDeath(death), { got, cure }));
}
