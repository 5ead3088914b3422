import assert from "node:assert/strict";
import { test } from "node:test";
import { progressMime } from "@gradbook/base";
import { errorFromStderr, RunOutputs } from "./outputs.js";

const stdout = (text: string) => ({ name: "stdout", text });
const display = (text: string, id?: string) => ({
  data: { "text/plain": text },
  metadata: {},
  ...(id === undefined ? {} : { transient: { display_id: id } }),
});

test("neighbouring pieces of one stream are one output, a display cuts them", () => {
  const outputs = new RunOutputs();
  outputs.accept(0, "stream", stdout("a"));
  outputs.accept(0, "stream", stdout("b\n"));
  outputs.accept(0, "stream", { name: "stderr", text: "!" });
  outputs.accept(0, "display_data", display("x"));
  outputs.accept(0, "stream", stdout("c"));
  assert.deepEqual(
    outputs.of(0).map((output) => ("text" in output ? `${output.name}: ${output.text}` : output.output_type)),
    ["stdout: ab\n", "stderr: !", "display_data", "stdout: c"],
  );
});

test("an update reaches every output with its id, also in an earlier cell", () => {
  const outputs = new RunOutputs();
  outputs.accept(0, "display_data", display("old", "d"));
  outputs.accept(1, "display_data", display("old", "d"));
  outputs.accept(1, "display_data", display("other", "e"));
  outputs.accept(1, "update_display_data", display("new", "d"));
  const plain = (cell: number) =>
    outputs.of(cell).map((output) => "data" in output && output.data["text/plain"]);
  assert.deepEqual([plain(0), plain(1)], [["new"], ["new", "other"]]);
});

test("clear_output clears at once, with wait only when something new comes", () => {
  const outputs = new RunOutputs();
  outputs.accept(0, "stream", stdout("a"));
  outputs.accept(0, "clear_output", { wait: true });
  assert.equal(outputs.of(0).length, 1);
  outputs.accept(0, "stream", stdout("b"));
  assert.deepEqual(outputs.of(0), [{ output_type: "stream", name: "stdout", text: "b" }]);
  outputs.accept(0, "clear_output", { wait: false });
  assert.deepEqual(outputs.of(0), []);
});

test("progress is handed on and never kept, shown or updated", () => {
  const outputs = new RunOutputs();
  const data = {
    [progressMime]: { label: "epoch", done: 2, total: 15, rate: 4, secondsLeft: 3 },
    "text/plain": "2/15",
  };
  const shown = outputs.accept(0, "display_data", { data, metadata: {}, transient: { display_id: "p" } });
  const updated = outputs.accept(0, "update_display_data", {
    data,
    metadata: {},
    transient: { display_id: "p" },
  });
  assert.deepEqual(shown, { label: "epoch", done: 2, total: 15, rate: 4, secondsLeft: 3 });
  assert.deepEqual(updated, shown);
  assert.deepEqual(outputs.of(0), []);
});

const stderr = (text: string) => ({ output_type: "stream", name: "stderr", text }) as const;

test("what stock tslab printed last becomes the error, a warning before it stays", () => {
  const warning = stderr("careful\n");
  const { kept, error } = errorFromStderr([warning, stderr("RangeError: too far\n    at f (a.ts:1:2)\n")]);
  assert.deepEqual(kept, [warning]);
  assert.deepEqual(error, {
    output_type: "error",
    ename: "RangeError",
    evalue: "too far",
    traceback: ["RangeError: too far", "    at f (a.ts:1:2)"],
  });
});

test("all diagnostics of a cell that does not compile are one error", () => {
  const { kept, error } = errorFromStderr([stderr("1:5 - first\n"), stderr("./a.ts 2:1 - second\n")]);
  assert.deepEqual(kept, []);
  assert.deepEqual(
    [error.ename, error.evalue, error.traceback],
    ["TypeScriptError", "1:5 - first", ["1:5 - first", "./a.ts 2:1 - second"]],
  );
});

test("a thrown string, a Node error with its code, an error with its line of code, and no words at all", () => {
  assert.deepEqual(
    [
      "just text\n",
      "TypeError [ERR_X]: bad\n",
      "evalmachine.<anonymous>:3\nthrow e;\n^\n\nEvalError: no\n",
    ].map((text) => {
      const { ename, evalue } = errorFromStderr([stderr(text)]).error;
      return [ename, evalue];
    }),
    [
      ["Error", "just text"],
      ["TypeError", "bad"],
      ["EvalError", "no"],
    ],
  );
  assert.equal(errorFromStderr([]).error.evalue, "the kernel reported an error and said nothing");
});
