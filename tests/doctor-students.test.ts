// The gradient doctor on files as strangers write them: functions and classes, nested and flat arrays, ES modules and
// CommonJS, weights this way round and that; each correct as it is, and wrong by one or two slips.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Diagnosis, diagnose } from "@gradbook/doctor";
import { examineFile, loadFile } from "@gradbook/doctor/internal";
import { slips } from "./support/doctor-slips.js";

const folder = fileURLToPath(new URL("../fixtures/doctor", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "gradbook-students-"));
after(() => rmSync(scratch, { recursive: true }));

const heard = ({ examinations }: Diagnosis) =>
  examinations.flatMap((e) => [
    ...e.findings.map((f) => `${f.tensor}: ${f.mistake}`),
    ...e.checked,
    ...e.conventions,
  ]);

for (const file of readdirSync(folder)
  .filter((name) => !name.startsWith("wrong-") && name !== "strangers" && name !== "corpus")
  .sort()) {
  test(`${file} is correct`, async () => {
    const d = diagnose(await loadFile(join(folder, file)));
    assert.equal(d.verdict, "correct", heard(d).join("\n"));
    assert.deepEqual(d.findings, []);
  });
}

test("average pooling as a convolution with 1/k² everywhere sums over the channels: that is no average pooling", async () => {
  const d = diagnose(await loadFile(join(folder, "wrong-avgpool-dense.mjs")));
  assert.equal(d.verdict, "wrong");
  assert.equal(d.findings[0].tensor, "y");
  assert.match(d.findings[0].mistake, /a dense kernel of 1\/k² sums over the channels.*not average pooling/);
});

for (const { file, title, edits, verdict = "wrong", tensors, words } of slips) {
  test(`${file}, ${title}: ${verdict}`, async () => {
    let code = readFileSync(join(folder, file), "utf8");
    for (const [from, to] of edits) {
      assert.ok(code.includes(from), `${file} has lost ${from}`);
      code = code.replace(from, () => to);
    }
    const path = join(scratch, file);
    writeFileSync(path, code);
    const d = diagnose(await loadFile(path));
    const text = heard(d).join("\n");
    assert.equal(d.verdict, verdict, text);
    assert.match(verdict === "wrong" ? d.findings.map((f) => f.mistake).join("\n") : text, words);
    for (const tensor of tensors)
      assert.ok(
        d.findings.some((f) => new RegExp(`^(${tensor})$`).test(f.tensor)),
        `${tensor} in ${text}`,
      );
    for (const f of d.findings) assert.ok(f.where !== "" && f.cure !== "", text);
  });
}

// Code that was written without the doctor in mind. Correct files are never called wrong; where the doctor finds no way to
// drive them, it says so.
const strangers = join(folder, "strangers");
const notDriven = [
  "68-rmsprop-sage.js",
  "c6-momentum.mjs",
  "rmsprop-names.js",
  "unproven-71-train-verbena.mjs",
];
for (const file of readdirSync(strangers).sort()) {
  const wrong = file.startsWith("wrong-");
  const expected = wrong ? "wrong" : notDriven.includes(file) ? "unsure" : "correct";
  test(`strangers' ${file}: ${expected}`, async () => {
    const d = await examineFile(join(strangers, file));
    assert.equal(d.verdict, expected, heard(d).join("\n"));
    if (!wrong) assert.deepEqual(d.findings, []);
  });
}

test("what is consistent, but not the operation of its name, is said to be that", async () => {
  const said = heard(await examineFile(join(strangers, "20-dense-teak.mjs"))).join("\n");
  assert.match(
    said,
    /consistent: dx, dW, db are the derivatives of its own forward. It is not the linear layer/,
  );
});

test("where forward is a layer of its own, it is the gradient that is blamed", async () => {
  const right = readFileSync(join(strangers, "20-dense-teak.mjs"), "utf8");
  const wrong = right.replace("dz.reduce((s, d, n) =>", "dy.reduce((s, d, n) =>");
  assert.notEqual(wrong, right);
  const path = written("20-dense-teak.mjs", wrong);
  const { verdict, findings } = await examineFile(path);
  assert.equal(verdict, "wrong");
  assert.deepEqual(
    findings.map(({ tensor, mistake }) => `${tensor}: ${mistake}`),
    ["dW: dW is not the derivative of this code's own forward"],
  );
});

const gradbook = fileURLToPath(new URL("../../lib/gradbook/gradbook.mjs", import.meta.url));
function doctor(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [gradbook, "doctor", ...args], { encoding: "utf8" });
}
const written = (name: string, code: string): string => {
  const path = join(scratch, name);
  writeFileSync(path, code);
  return path;
};

test("the command's record has these fields first, and the exit code says the verdict", () => {
  const { status, stdout } = doctor(join(folder, "losses.ts"), "--json");
  const record: Record<string, unknown> = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.deepEqual(Object.keys(record), [
    "schema",
    "verdict",
    "findings",
    "checked",
    "others",
    "examinations",
  ]);
  assert.equal(record.verdict, "correct");

  const wrong = readFileSync(join(folder, "losses.ts"), "utf8").replace("return d / N;", "return -d / N;");
  const answer = doctor(written("losses-sign.ts", wrong), "--json", "--export", "euclideanLoss");
  const { verdict, findings } = JSON.parse(answer.stdout) as {
    verdict: string;
    findings: Record<string, string>[];
  };
  assert.equal(answer.status, 1);
  assert.equal(verdict, "wrong");
  assert.deepEqual(
    findings.map((f) => Object.keys(f)),
    [["tensor", "mistake", "where", "cure"]],
  );
  assert.equal(findings[0].tensor, "dpred");
});

const refused: readonly (readonly [name: string, code: string, words: RegExp])[] = [
  [
    "syntax.ts",
    "export class ReLU { forward(x) { return x.map((v) => v; } }",
    /does not compile: Expected "\)"/,
  ],
  [
    "throws.mjs",
    'throw new Error("no data here"); export const a = 1;',
    /throws while it is loaded: Error: no data here/,
  ],
  ["leaves.mjs", "process.exit(0); export class ReLU {}", /loading the file ends the whole process/],
  ["nothing.mjs", "export const lr = 0.1;", /nothing in the file looks like a layer.*it exports lr/],
  ["empty.ts", "", /it exports nothing/],
  [
    "package.mjs",
    'import a from "not-there-at-all"; export class ReLU { forward(x) { return a(x); } }',
    /Cannot find package 'not-there-at-all'\. Repair/,
  ],
  [
    "identity.mjs",
    "export class GELU { forward(x) { return x; } backward(dy) { return dy; } }",
    /neither its name nor what it computes/,
  ],
  [
    "half.mjs",
    "export class ReLU { forward(x) { return x.map((r) => r.map((v) => Math.max(0, v))); } }",
    /there is no backward/,
  ],
  [
    "secret.mjs",
    "export class Linear { #W; constructor({ in: i, out: o }) { this.#W = Array.from({ length: o }, () => Array.from({ length: i }, () => 1)); } forward(x) { this.x = x; return x.map((r) => this.#W.map((w) => w.reduce((s, v, k) => s + v * r[k], 0))); } backward(dy) { return dy; } }",
    /Keep the parameters in fields that can be reached/,
  ],
];
for (const [name, code, words] of refused) {
  test(`unsure, with the reason: ${name}`, async () => {
    const d = await examineFile(written(name, code));
    assert.equal(d.verdict, "unsure");
    assert.deepEqual(d.findings, []);
    assert.match(d.checked.join("\n"), words);
  });
}

test("a file that is not there, and one that is no code, end with 2: nothing is said to be wrong", () => {
  const missing = doctor(join(scratch, "not-here.ts"), "--json");
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /no such file, expected a \.ts, \.js or \.mjs file/);
  assert.equal((JSON.parse(missing.stdout) as { verdict: string }).verdict, "unsure");
  const text = doctor(written("report.txt", "hello"));
  assert.equal(text.status, 2);
  assert.match(text.stderr, /a file \.txt, expected/);
});

const lost: readonly (readonly [title: string, edit: string, tensor: string, words: RegExp])[] = [
  ["an endless loop in forward", "while (x.length > 0) this.n = 1;", "y", /forward never ends/],
  [
    "an endless loop in backward",
    "for (let i = 0; i < dy.length; ) this.n = i;",
    "dx",
    /backward never ends/,
  ],
  ["the end of the process in backward", "process.exit(0);", "dx", /ends the whole process/],
];
for (const [title, edit, tensor, words] of lost) {
  test(`${title} is a finding`, async () => {
    const place = tensor === "y" ? "this.flat = x.map" : "const dx = dy.map";
    const code = readFileSync(join(folder, "linear-3d.mjs"), "utf8").replace(place, () => `${edit} ${place}`);
    const d = await examineFile(written("lost.mjs", code));
    assert.equal(d.verdict, "wrong");
    assert.equal(d.findings[0].tensor, tensor);
    assert.match(d.findings[0].mistake, words);
  });
}
