import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { definitionWith, waysOf } from "./definition-code.test.helper.js";
import { compare } from "./judging/compare.js";
import { examineLayer } from "./judging/examine-layer.js";
import { layerOperations } from "./operations/all.js";
import { im2col } from "./operations/im2col.js";
import { euclidean, softmaxCrossEntropy } from "./operations/losses.js";
import type { Mistake, Operation } from "./operations/operation.js";
import { ruleMistakes } from "./operations/optimizer-rules.js";

const operations: readonly Operation[] = [
  ...Object.values(layerOperations).flatMap((list) => list.slice(0, 1)),
  softmaxCrossEntropy,
  euclidean,
  im2col,
].filter((o) => o.kind !== "dropout");

test("the catalogue holds at least 60 mistakes, each with words, cure, formula and axes", () => {
  const all = operations.flatMap((o) => o.mistakes);
  const rules = Object.values(ruleMistakes).flat();
  assert.ok(all.length + rules.length >= 60, `${all.length + rules.length}`);
  for (const m of all) {
    assert.ok(m.mistake.length > 10 && m.cure.length > 5 && m.axes.length > 0, m.id);
    assert.match(m.formula, /⟦.*⟧/s, m.id);
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
  test(`${operation.kind}: each of its ${operation.mistakes.length} mistakes is found and named`, () => {
    for (const mistake of operation.mistakes)
      for (let variant = 0; variant < waysOf([mistake]); variant++) {
        const code = definitionWith(operation, [mistake], variant);
        const e = examineLayer(operation.kind, code, () => {});
        const ids = e.findings.map((f) => f.id);
        const what = `${mistake.id}, way ${variant}: found ${ids.join(", ") || "nothing"}`;
        assert.equal(e.verdict, "wrong", what);
        const found = e.findings.find((f) => f.tensor === mistake.tensor);
        assert.ok(found !== undefined, what);
        assert.ok(
          found.id === mistake.id || same(operation, mistake, variant, found.id),
          `${what} (${found.mistake})`,
        );
      }
  });
}

/** Two names for what comes out the same in every case. */
function same(operation: Operation, mistake: Mistake, variant: number, id: string): boolean {
  const other = operation.mistakes.find((m) => m.id === id);
  if (other === undefined) return id.endsWith("/terms") || id === "factor" || id === "sign" || id === "zero";
  const { cases } = operation.cases({ batch: true, channels: true, rect: true, stride: true, pad: true });
  const convention = operation.conventions([])[0];
  return Array.from({ length: waysOf([other]) }, (_, way) => way).some((way) =>
    cases.every((c) => {
      const inputs = operation.draw(c, new Rng(`case/${c.label}`));
      const y = operation.forward(c.sizes, inputs, convention);
      const moment = { sizes: c.sizes, inputs, y, dy: y, convention };
      const [a, b] = [
        operation.mutant(mistake.tensor, moment, [mistake], variant),
        operation.mutant(mistake.tensor, moment, [other], way),
      ];
      return a === undefined || b === undefined ? a === b : compare(a, b).error < 1e-5;
    }),
  );
}
