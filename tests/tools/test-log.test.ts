import assert from "node:assert/strict";
import { test } from "node:test";
import { TestLog } from "./test-log.js";

const file = "/a.test.js";
const pass = (name: string, details = {}) => ({
  type: "test:pass",
  data: { name, file, nesting: 0, details },
});
const fail = (name: string, error: unknown) => ({
  type: "test:fail",
  data: { name, file, nesting: 0, details: { error } },
});

test("counts tests without suites and files by their wrapper, and keeps the runner's closing words", () => {
  const log = new TestLog();
  log.accept(pass("one"));
  log.accept(pass("suite", { type: "suite" }));
  log.accept({ type: "test:complete", data: { name: "one", file, nesting: 0 } });
  log.accept({ type: "test:complete", data: { name: file, file, nesting: 0 } });
  log.accept({ type: "test:diagnostic", data: { nesting: 0, message: "tests 1" } });
  log.accept({ type: "test:diagnostic", data: { nesting: 0, message: "duration_ms 12.5" } });
  log.accept({ type: "test:diagnostic", data: { nesting: 1, file, message: "tests 99" } });
  assert.deepEqual(
    [log.tests, log.files, log.counts, log.passed],
    [1, 1, ["tests 1", "duration_ms 12.5"], true],
  );
});

test("a failing part is told once, not again by the test around it", () => {
  const log = new TestLog();
  log.accept(fail("part", new Error("test failed", { cause: new RangeError("1 ≠ 2") })));
  log.accept(fail("whole", new Error("1 subtest failed")));
  assert.deepEqual(
    log.failures.map(({ name, text }) => [name, text.split("\n")[0]]),
    [["part", "RangeError: 1 ≠ 2"]],
  );
  assert.equal(log.passed, false);
});

test("a file that crashes fails with what it wrote", () => {
  const log = new TestLog();
  log.accept({ type: "test:stderr", data: { file, message: "Error: crash\n" } });
  log.accept(fail(file, new Error("test failed")));
  assert.deepEqual(log.failures, [{ name: "the file itself", file, text: "Error: crash" }]);
});

test("a run without a single test has not passed", () => {
  assert.equal(new TestLog().passed, false);
});
