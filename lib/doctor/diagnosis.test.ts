import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { diagnose } from "./diagnose.js";
import { Diagnosis } from "./diagnosis.js";

interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(
  readFileSync(new URL("../diagnosis.schema.json", import.meta.url), "utf8"),
) as Schema;

function typeOf(value: unknown): readonly string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  return Number.isInteger(value) ? ["integer", "number"] : [typeof value];
}

/** What of a value is not as the schema says; every object lists all the fields that it may have. */
function violations(value: unknown, given: Schema, path = "$"): string[] {
  if (given.$ref !== undefined) {
    const name = given.$ref.replace("#/$defs/", "");
    return violations(value, schema.$defs?.[name] ?? assert.fail(`no ${given.$ref}`), path);
  }
  const found: string[] = [];
  if (given.const !== undefined && given.const !== value) found.push(`${path} is not ${given.const}`);
  if (given.enum !== undefined && !given.enum.includes(value)) found.push(`${path} is not in the list`);
  const types = given.type === undefined ? [] : [given.type].flat();
  if (types.length > 0 && !typeOf(value).some((t) => types.includes(t)))
    found.push(`${path} is no ${types.join(" or ")}`);
  if (Array.isArray(value))
    return [...found, ...value.flatMap((v, i) => violations(v, given.items ?? {}, `${path}[${i}]`))];
  if (typeof value !== "object" || value === null) return found;
  for (const key of given.required ?? []) if (!(key in value)) found.push(`${path}.${key} is missing`);
  for (const [key, part] of Object.entries(value)) {
    const known = given.properties?.[key];
    found.push(
      ...(known === undefined ? [`${path}.${key} is unknown`] : violations(part, known, `${path}.${key}`)),
    );
  }
  return found;
}

const relu = (x: number[]) => x.map((v) => Math.max(v, 0));
const wrong = diagnose([relu, (dy: number[], _x: number[]) => dy], { kind: "relu" });
const written = (d: Diagnosis) => JSON.parse(JSON.stringify(d)) as Record<string, unknown>;

test("the record is as its schema says, with all fields of a finding", () => {
  const record = written(wrong);
  assert.deepEqual(violations(record, schema), []);
  const [examination] = record.examinations as { findings: Record<string, unknown>[] }[];
  assert.deepEqual(
    Object.keys(examination.findings[0]).sort(),
    ["axes", "cure", "formula", "id", "mistake", "picture", "tensor", "where"].sort(),
  );
});

test("a record that is not as the schema says is noticed", () => {
  const record = written(wrong);
  assert.deepEqual(violations({ ...record, schema: 2 }, schema), ["$.schema is not 1"]);
  assert.deepEqual(violations({ ...record, verdict: "maybe" }, schema), ["$.verdict is not in the list"]);
  assert.deepEqual(violations({ ...record, more: 1 }, schema), ["$.more is unknown"]);
  assert.deepEqual(violations({ ...record, checked: [1] }, schema), ["$.checked[0] is no string"]);
});

test("what was not tried is said, in text and in the record", () => {
  const [examination] = wrong.examinations;
  const d = new Diagnosis([{ ...examination, notTried: ["batches of one sample"] }]);
  assert.match(String(d), /· not tried: batches of one sample/);
  assert.deepEqual(violations(written(d), schema), []);
});
