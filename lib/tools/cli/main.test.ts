import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runCommand } from "./main.js";

const refusals: readonly (readonly [command: string, said: string])[] = [
  ["data nothing", 'gradbook data: data set: "nothing", expected one of mnist, cifar10.'],
  ["doctor", "gradbook doctor: FILE: none given, expected one file. gradbook doctor my-conv.ts"],
  ["lab --port x", 'gradbook lab: --port: "x", expected 1 to 65535.'],
  ["report --jobs 0", 'gradbook report: --jobs: "0", expected an integer of at least 1.'],
  ["run", "gradbook run: NOTEBOOK: no notebook given, expected one. See gradbook run --help."],
  ["submit", "gradbook submit: NAME --roll ROLL: missing, expected "],
  ["sweep", "gradbook sweep: FILE: no file given, expected one. See gradbook sweep --help."],
];
for (const [command, said] of refusals)
  test(`gradbook ${command}: one sentence, that names the command once`, async (t) => {
    const line = await refused(t, command.split(" "));
    assert.equal(line.slice(0, said.length), said);
  });

test("gradbook sweep FILE: what the function sweep says begins with its own name", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-main-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "twice.ts");
  writeFileSync(
    file,
    "export const grid = { a: [1] }; export const seeds = [2, 2]; export const run = () => 1;",
  );
  const line = await refused(t, ["sweep", file]);
  assert.equal(line, "gradbook sweep: seeds is [2, 2], expected whole numbers, each once.");
});

test("--version, help, help COMMAND, and a command that is nearly one", async (t) => {
  const [out, errors]: string[][] = [[], []];
  t.mock.method(console, "log", (line: string) => out.push(line));
  t.mock.method(console, "error", (line: string) => errors.push(line));
  for (const args of [["--version"], ["-V"]]) assert.equal(await runCommand(args), 0);
  assert.match(out.join(), /^\d+\.\d+\.\d+,\d+\.\d+\.\d+$/);
  out.length = 0;
  assert.equal(await runCommand(["help"]), 0);
  assert.match(out.join("\n"), /submit +run a notebook afresh/);
  out.length = 0;
  assert.equal(await runCommand(["help", "check"]), 0);
  assert.match(out.join("\n"), /^gradbook check \[NAME\]/);
  assert.equal(await runCommand(["reprot"]), 2);
  assert.equal(await runCommand(["help", "dokter"]), 2);
  assert.equal(await runCommand(["frobnicate"]), 2);
  assert.match(errors[0], /unknown command "reprot".* Did you mean gradbook report\?$/);
  assert.match(errors[1], /Did you mean gradbook doctor\?$/);
  assert.match(errors[2], /See gradbook --help\.$/);
});

/** The one line that a command prints which cannot do what it is told. */
async function refused(t: TestContext, args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  t.mock.method(console, "error", (line: string) => lines.push(line));
  // the doctor's 0, 1 and 2 are verdicts
  assert.equal(await runCommand(args), args[0] === "doctor" ? 64 : 1);
  assert.equal(lines.length, 1);
  return lines[0];
}
