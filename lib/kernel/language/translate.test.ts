import assert from "node:assert/strict";
import { test } from "node:test";
import { originalPlace } from "../positions.js";
import { SyntaxFailure } from "./syntax-failure.js";
import { translateCell } from "./translate.js";
import { type CellContext, noContext } from "./translation.js";

const context: CellContext = {
  ...noContext,
  known: new Map([
    ["earlier", { kind: "let" }],
    ["fixed", { kind: "const" }],
  ]),
  assigned: new Set(["grown"]),
};

/** The body of the function that a cell becomes, on one line. */
async function bodyOf(source: string): Promise<string> {
  const { prepared } = await translateCell(source, "cell", context);
  return prepared.code
    .replace(/^.*?"use strict";/, "")
    .replace(/\n\}\)$/, "")
    .replace(/\s+/g, " ")
    .trim();
}

const cases: Readonly<Record<string, string>> = {
  "let x = 1": "($scope$.x = 1);",
  "let x": "($scope$.x = void 0);",
  "let x = 1; x": "($scope$.x = 1); return [$scope$.x];",
  "earlier.a": "return [$scope$.earlier.a];",
  "earlier()": "return [(0, $scope$.earlier)()];",
  "Math.max(1)": "return [Math.max(1)];",
  "const o = { earlier }": "($scope$.o = { earlier: $scope$.earlier });",
  "const f = () => 1": "($scope$.f = { f: () => 1 }.f);",
  "earlier = () => 1": "return [$scope$.earlier = { earlier: () => 1 }.earlier];",
  "function f() { return f }": "$scope$.f = function f() { return $scope$.f; };",
  "class A { a = A }": "$scope$.A = class A { a = A; };",
  "const { a, ...b } = earlier": "({ a: $scope$.a, ...$scope$.b } = $scope$.earlier);",
  "await earlier": "return [$kernel$.resume(await $kernel$.until( $scope$.earlier))];",
  "earlier.then((x: number) => x)": "return [$scope$.earlier.then($kernel$.bind((x) => x))];",
  'import("x")': 'return [$kernel$.load("x")];',
  "import.meta.url": "return [$kernel$.meta.url];",
  "typeof unknownName": "return [typeof unknownName];",
  "export const e = 1": "($scope$.e = 1);",
  "var v": "($scope$.v);",
  '"a" + "b"': 'return ["a" + "b"];',
  'earlier; "a" + "b"': '$scope$.earlier; return ["ab"];',
  "earlier\nundefined": "$scope$.earlier; return [void 0];",
  "let y = earlier\n-1": "($scope$.y = $scope$.earlier - 1);",
  "earlier; -1": "$scope$.earlier; return [-1];",
  "earlier\nthis": "$scope$.earlier; return [void 0];",
  "earlier, 5": "return [($scope$.earlier, 5)];",
  "earlier as any, 5": "return [($scope$.earlier, 5)];",
  "5; export default earlier": "5; return [$scope$.earlier];",
  "export = earlier": "return [$scope$.earlier];",
  "5; type After = 1": "return [5];",
  "5; enum After { A }":
    '5; ($scope$.After = /* @__PURE__ */ ((After2) => { After2[After2["A"] = 0] = "A"; return After2; })({}));',
  "earlier.map((x) => x < 2)": "return [$scope$.earlier.map((x) => x < 2)];",
  "earlier<number>(1)": "return [(0, $scope$.earlier)(1)];",
  "earlier // why": "return [$scope$.earlier] // why",
  "import A = earlier.b": "($scope$.A = (() => { try { return $scope$.earlier.b } catch {} })());",
  "({ earlier })": "return [({ earlier: $scope$.earlier })];",
  "earlier = 1": "return [$scope$.earlier = 1];",
  "fixed = 1": 'return [$kernel$.constant("fixed").value = 1];',
  "[fixed] = [1]": 'return [[$kernel$.constant("fixed").value] = [1]];',
  "const c = 1; c++": '($scope$.c = 1); return [$kernel$.constant("c").value++];',
  "const c = 1; ({ c } = earlier)":
    '($scope$.c = 1); return [{ c: $kernel$.constant("c").value } = $scope$.earlier];',
  "const c = 1; for (c of [1]);": '($scope$.c = 1); for ($kernel$.constant("c").value of [1]);',
  "const c = 1; function f() { c ||= 2 }":
    '$scope$.f = function f() { $kernel$.constant("c").value ||= 2; }; ($scope$.c = 1);',
  "const grown = 1": '($scope$.grown = 1, $kernel$.fix("grown"));',
  "late; let late = 1": '($kernel$.early("late")); ($scope$.late = 1);',
  "let own = own": '($scope$.own = ($kernel$.early("own")));',
  "let own = () => own": "($scope$.own = { own: () => $scope$.own }.own);",
  "const { a, b = a } = earlier": "({ a: $scope$.a, b: $scope$.b = $scope$.a } = $scope$.earlier);",
  "new Late(); class Late {}": 'new ($kernel$.early("Late"))(); $scope$.Late = class Late { };',
};
for (const [source, wanted] of Object.entries(cases)) {
  test(source, async () => {
    const bare = (text: string) => text.replace(/\s+/g, "").replace(/;+/g, ";").replace(/;$/, "");
    assert.equal(bare(await bodyOf(source)), bare(wanted));
  });
}

test("imports are listed with their place", async () => {
  const { prepared } = await translateCell(
    '1;\nimport d, { a as b } from "pack";\nimport * as all from "./data.json" with { type: "json" };',
    "cell",
    context,
  );
  assert.deepEqual(prepared.imports, [
    {
      specifier: "pack",
      names: [
        ["d", "default"],
        ["b", "a"],
      ],
      line: 2,
      column: 1,
    },
    { specifier: "./data.json", names: [["all", "*"]], type: "json", line: 3, column: 1 },
  ]);
});

test("names of the translation give way to the user's", async () => {
  const { prepared } = await translateCell("let $scope$ = 1; $scope$", "cell", context);
  assert.match(prepared.code, /\(\$scope\$\$\.\$scope\$ = 1\)/);
});

test("every place of the code leads back to the cell", async () => {
  const source =
    "interface Wide {\n  a: number;\n}\nlet wide: Wide = { a: 1 };\nfunction fails(): never {\n  throw new Error(String(wide.a));\n}";
  const { prepared } = await translateCell(source, "cell", context);
  const lines = prepared.code.split("\n");
  const line = lines.findIndex((text) => text.includes("throw"));
  const place = originalPlace(prepared.positions, line, lines[line].indexOf("new Error"));
  assert.deepEqual(place, { line: 5, column: 8 });
});

test("a syntax error has its place, and says whether more text would help", async () => {
  const failure = async (source: string): Promise<SyntaxFailure> => {
    const caught = await translateCell(source, "Cell [1]", context).catch((error: unknown) => error);
    assert.ok(caught instanceof SyntaxFailure);
    return caught;
  };
  const wrong = await failure("let é = 1\nlet = 5 5");
  assert.match(wrong.content.evalue, /\(Cell \[1\], line 2, column \d+\)$/);
  assert.equal(wrong.incomplete, false);
  assert.equal((await failure("f(")).incomplete, true);
  assert.equal((await failure("`text")).incomplete, true);
  assert.equal((await failure('"text')).incomplete, false);
});
