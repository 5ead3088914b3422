import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");

test("README: the example runs as it stands, and prints what its comments say", () => {
  const example = /<!-- example.*?-->\n```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const lines = example.split("\n").filter((line) => line.trim() !== "");
  assert.ok(lines.length > 10 && lines.length <= 20, `${lines.length} lines`);
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", example], {
    cwd: root,
  }).toString();
  assert.match(printed, /total +10,661/);
  assert.match(printed, /testError: 0\.\d+/);
  assert.match(printed, /[0-9a-f]{64}\n$/);
});

test("README: every npm script and gradbook command it names exists, and every file it links", () => {
  const scripts = Object.keys(JSON.parse(readFileSync(`${root}package.json`, "utf8")).scripts);
  for (const [, script] of readme.matchAll(/npm run ([a-z:-]+)/g))
    assert.ok(scripts.includes(script), `npm run ${script}`);
  const help = execFileSync(process.execPath, [`${root}lib/gradbook/gradbook.mjs`, "--help"]).toString();
  for (const [, command] of readme.matchAll(/npx gradbook ([a-z][a-z0-9-]*)/g)) {
    assert.match(help, new RegExp(`^ {2}${command} `, "m"));
  }
  for (const [, file] of readme.matchAll(/\]\(([^)#:]+)\)/g)) readFileSync(root + file);
});
