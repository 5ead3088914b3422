import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionWith } from "./definition-code.test.helper.js";
import { examineLayer } from "./judging/examine-layer.js";
import { stepMistakes } from "./judging/examine-train-step.js";
import { ruleMistakes } from "./operations/optimizer-rules.js";
import { operations, proveCatalogue } from "./proof/prove-catalogue.test.helper.js";

const rules = Object.values(ruleMistakes).flat();

test("the catalogue holds at least 60 mistakes, each with words, cure, formula and axes", () => {
  const all = operations.flatMap((o) => o.mistakes);
  assert.ok(
    all.length + rules.length + stepMistakes.length >= 60,
    `${all.length} + ${rules.length} + ${stepMistakes.length}`,
  );
  for (const m of all) {
    assert.ok(m.mistake.length > 10 && m.cure.length > 5 && m.axes.length > 0, m.id);
    assert.match(m.formula, /⟦.*⟧/s, m.id);
  }
  for (const m of [...rules, ...stepMistakes]) {
    assert.ok(m.words.length > 10 && m.cure.length > 5, m.flag);
    assert.match(m.formula, /⟦.*⟧/s, m.flag);
  }
  const ids = all.map((m) => m.id);
  assert.equal(new Set(ids).size, ids.length, "every mistake has a name of its own");
});

for (const operation of operations) {
  test(`${operation.kind}: the definition itself is correct`, () => {
    const e = examineLayer(operation.kind, definitionWith(operation, []), () => {});
    assert.deepEqual(e.findings, []);
    assert.equal(e.verdict, "correct");
  });
}

for (const kind of [...operations.map((o) => o.kind), ...Object.keys(ruleMistakes), "trainStep"]) {
  test(`${kind}: each of its mistakes is found and named`, () => {
    const outcomes = proveCatalogue((k) => k === kind, "one");
    assert.ok(outcomes.length > 0);
    for (const { id, named, verdict, said } of outcomes) assert.ok(named, `${id}: ${verdict}, ${said}`);
  });
}
