import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as gradbook from "gradbook";
import { checkExamples, type Documented, type Example, readApi, runExamples } from "./support/api-docs.js";

const api = readApi();
const values: Readonly<Record<string, unknown>> = gradbook;
const callables = api.filter(({ name }) => typeof values[name] === "function");
const tagged = ({ tags }: Documented, name: string) => tags.filter((tag) => tag.name === name);

test("the declarations name all that the module exports", () => {
  const declared = api.map(({ name }) => name);
  assert.deepEqual(
    Object.keys(values).filter((name) => !declared.includes(name)),
    [],
  );
  assert.ok(callables.length > 60, `${callables.length} functions and classes`);
});

test("every public name and every public member has a doc comment", () => {
  const bare = api.flatMap((entry) => [
    ...(entry.text === "" ? [entry.name] : []),
    ...entry.members.filter(({ text }) => text === "").map(({ name }) => `${entry.name}.${name}`),
  ]);
  assert.deepEqual(bare, []);
});

test("every option that may be left out says what stands for it (@default)", () => {
  const silent = api
    .filter(({ name }) => /(Config|Options)$/.test(name))
    .flatMap(({ name, members }) =>
      members
        .filter((member) => member.optional && tagged(member, "default").length !== 1)
        .map((member) => `${name}.${member.name}`),
    );
  assert.deepEqual(silent, []);
});

test("@default is the default: the same words as where the function takes the option", () => {
  const { wrong, seen } = comparedDefaults();
  assert.deepEqual(wrong, []);
  assert.ok(seen > 70, `${seen} defaults looked at`);
});

test("every public function with arguments says what it throws (@throws)", () => {
  const silent = callables.filter(
    (entry) =>
      entry.parameters > 0 &&
      entry.name !== "GradbookError" &&
      !tagged(entry, "throws").some(({ text }) => /^GradbookError .{10}/.test(text)),
  );
  assert.deepEqual(
    silent.map(({ name }) => name),
    [],
  );
});

const examples: readonly Example[] = api.flatMap((entry) =>
  [entry, ...entry.members].flatMap((owner) =>
    tagged(owner, "example").map(({ text }) => ({
      of: owner === entry ? entry.name : `${entry.name}.${owner.name}`,
      code: /```ts\n(.*?)```/s.exec(text)?.[1] ?? "",
    })),
  ),
);

test("every public function and class has one example, which imports it from gradbook", () => {
  const wrong = callables.flatMap(({ name }) => {
    const own = examples.filter((example) => example.of === name);
    if (own.length !== 1) return [`${name}: ${own.length} examples`];
    const imported = /import \{([^}]*)\} from "gradbook"/.exec(own[0].code)?.[1].split(/[\s,]+/) ?? [];
    return imported.includes(name) ? [] : [`${name}: its example does not import it`];
  });
  assert.deepEqual(wrong, []);
});

test("the examples compile in a strict project", () => {
  assert.deepEqual(checkExamples(examples), []);
});

test("the examples run in plain Node, and print what their comments say", async (t) => {
  const outcomes = await runExamples(examples);
  for (const [i, { of, code }] of examples.entries()) {
    await t.test(of, () => {
      const { printed, error } = outcomes[i];
      assert.equal(error, undefined);
      const calls = code.split("\n").filter((line) => line.startsWith("console.log("));
      const said = calls.map((line) => / \/\/ (.*)$/.exec(line)?.[1]);
      assert.deepEqual(
        printed.filter((line) => said.includes(line)),
        said,
        `it printed: ${printed.join(" ⏎ ")}`,
      );
    });
  }
});

/**
 * Compares what the comment of each option says with the default beside it: in the tables of `options`
 * (`/** … @default X *\/ key: kind().or(X)`), and for interfaces where the code takes the option (`key = X`, `key ?? X`).
 */
function comparedDefaults(): { wrong: string[]; seen: number } {
  const wrong: string[] = [];
  let seen = 0;
  // where they are only checked, a literal stands in for what is missing
  const substituted = ["Column.digits", "Column.best"];
  const compare = (option: string, comment: string, preset: string) => {
    if (substituted.includes(option)) return;
    seen++;
    const said = /@default (.*?)\s*(?:\n|\*?$)/s.exec(comment)?.[1];
    if (said !== preset) wrong.push(`${option}: the comment says ${said}, the code ${preset}`);
  };
  for (const file of librarySources()) {
    const source = readFileSync(file, "utf8");
    for (const [, table, body] of source.matchAll(/^(?:export )?const (\w+Options) = \{\n(.*?)^\};/gms)) {
      for (const [, comment, key, kind] of body.matchAll(/\/\*\*(.*?)\*\/\s*(\w+): (.*?),\n(?= {2}\/|$)/gs)) {
        const preset = /\.or\((.*)\)$/s.exec(kind)?.[1];
        if (preset !== undefined) compare(`${table}.${key}`, comment, preset);
      }
    }
    for (const [, name, body] of source.matchAll(/^export interface (\w+)\b.*?\{\n(.*?)^\}/gms)) {
      for (const [, comment, key] of body.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s*readonly (\w+)\?:/gs)) {
        const literal = /("[^"]*"|[\d.]+|true|false)/.source;
        const preset = new RegExp(`\\b${key} (?:=|\\?\\?) ${literal}[,;} )]`).exec(source)?.[1];
        if (preset !== undefined && comment.includes("@default")) compare(`${name}.${key}`, comment, preset);
      }
    }
  }
  return { wrong, seen };
}

function librarySources(): readonly string[] {
  const lib = fileURLToPath(new URL("../../lib/", import.meta.url));
  return readdirSync(lib, { recursive: true, encoding: "utf8" })
    .filter((file) => /(?<!\.test|\.d)\.ts$/.test(file) && !/(^|[\\/])(dist|node_modules)[\\/]/.test(file))
    .map((file) => lib + file);
}
