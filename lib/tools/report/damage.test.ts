import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, MimeBundle } from "@gradbook/base";
import type { Block } from "./block.js";
import { buildReport } from "./build.js";
import { code, executedNotebook } from "./fixture.test.helper.js";
import { reportInputs } from "./inputs.js";
import { type Omission, Omissions } from "./omissions.js";
import { readBundle } from "./outputs.js";

// Damaged outputs, made by the hundred: whatever comes, the report stands, and what is lost is named.

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";
const whole: MimeBundle = {
  "image/png": png,
  "image/gif": "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=",
  "image/svg+xml":
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><style>.a{fill:red}</style><defs><g id="a"><rect width="1" height="1"/></g></defs><use xlink:href="#a"/><text x="1">t</text></svg>',
  "text/html":
    '<h3>T</h3><table><tr><td style="color:red">a</td></tr></table><p><a href="https://example.org">x</a><img src="data:image/png;base64,AAAA"></p><svg><circle r="2"/></svg>',
  "text/markdown": "# T\n\n| a |\n|---|\n| 1 |\n\n$x^2$ ![p](attachment:p.png) <b>b</b>\n\n- a\n  - b",
  "text/latex": "$$\\frac{a}{b}$$ and \\(c\\) \\begin{align}a &= b\\end{align}",
  "text/plain": "\u001b[31mred\u001b[0m 10%\r100%",
  "application/json": { a: [1, { b: null }] },
  "application/vnd.plotly.v1+json": {
    data: [
      { type: "scatter", x: [1, 2, 3], y: [3, 1, 2], name: "a", marker: { size: [1, 2, 3] } },
      {
        type: "heatmap",
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    layout: {
      title: { text: "T" },
      width: 400,
      height: 300,
      meta: { name: "n" },
      images: [{ source: `data:image/png;base64,${png}` }],
    },
  },
  "application/vnd.gradbook.table+json": {
    kind: "table",
    name: "t",
    columns: [{ key: "a", title: "a", unit: "", numeric: true }],
    rows: [[{ value: 1, text: "1", best: true }]],
  },
};

/** Numbers in [0, 1): the same damage in every run (a linear congruential generator of Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const hostile: readonly string[] = [
  "<script>alert(1)</script>",
  '<img src=x onerror="alert(1)">',
  '"><svg onload=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<meta http-equiv="refresh" content="0;url=https://example.org">',
  '<link rel="stylesheet" href="https://example.org/x.css">',
  "<style>@import url(https://example.org/x.css);</style>",
  "]]><!--",
  "</svg></table></script>",
  "&lt;script&gt;",
  "\u0000\ud800\ufffe",
  "\\href{javascript:alert(1)}{x}",
  "__proto__",
];

/** One thing of a text goes wrong. */
function damagedText(text: string, random: () => number): Json {
  const at = Math.floor(random() * (text.length + 1));
  switch (Math.floor(random() * 7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 255)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + hostile[Math.floor(random() * hostile.length)] + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at).repeat(3);
    case 4:
      return text.slice(at) + text.slice(0, at);
    case 5:
      return "";
    default:
      return [null, 0, true, [], {}, ["a"], { a: 1 }][Math.floor(random() * 7)];
  }
}

/** One thing inside of a JSON value goes wrong. */
function damagedJson(value: Json, random: () => number): Json {
  if (typeof value === "string") return damagedText(value, random);
  if (typeof value !== "object" || value === null || random() < 0.15) {
    return [null, -1, 1e308, "x", [], {}, false, [[[]]], { bdata: "AAAA", dtype: "f4" }][
      Math.floor(random() * 9)
    ];
  }
  const keys = Object.keys(value);
  const key = keys[Math.floor(random() * keys.length)];
  if (key === undefined) return JSON.parse('{"__proto__":{"polluted":1}}');
  const inner = damagedJson(Reflect.get(value, key), random);
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? inner : item));
  const entries = Object.entries(value).flatMap(([k, v]): [string, Json][] =>
    k !== key ? [[k, v]] : random() < 0.1 ? [] : [[random() < 0.1 ? "__proto__" : k, inner]],
  );
  return Object.fromEntries(entries);
}

/** What of a block reaches a browser as markup. */
const markup = (block: Block): string => {
  if (block.kind === "html") return block.html;
  return block.kind === "picture" && block.picture.mime === "image/svg+xml" ? block.picture.svg : "";
};

for (const [mime, data] of Object.entries(whole)) {
  test(`150 damages of ${mime}: something stands in its place, nothing runs, what is lost is named`, async () => {
    const random = generator(mime.length * 7919);
    for (let n = 0; n < 150; n++) {
      let damaged = damagedJson(data, random);
      if (random() < 0.4) damaged = damagedJson(damaged, random);
      const omissions = new Omissions();
      const blocks = await readBundle(
        { [mime]: damaged },
        {
          cell: 1,
          place: { order: 0, words: "cell 1" },
          metadata: {},
          text: "",
          omissions,
          room: { html: 2e6 },
          unused: (name) => name,
        },
      );
      const report = `${JSON.stringify(damaged)} → ${blocks.map((b) => b.kind).join()}`.slice(0, 500);
      assert.ok(blocks.length > 0, report);
      if (blocks[0].kind === "left") assert.ok(omissions.list().length > 0, report);
      const shown = blocks.map(markup).join();
      assert.ok(
        !/<script|\son\w+=|javascript:|<iframe|<meta|<link|src="http/i.test(shown.replace(/data:[^"]*/g, "")),
        report,
      );
      assert.equal(Reflect.get({}, "polluted"), undefined);
    }
  });
}

test("a report of sixty damaged outputs has its page and its PDF, and names what it lost", {
  timeout: 120_000,
}, async () => {
  const random = generator(42);
  const bundles = Object.entries(whole).flatMap(([mime, data]) =>
    Array.from({ length: 6 }, (): MimeBundle => ({ [mime]: damagedJson(data, random) })),
  );
  const notebook = { ...executedNotebook(), cells: bundles.map((bundle, i) => code(`// ${i}`, [bundle])) };
  let left: readonly Omission[] = [];
  const files = await buildReport(notebook, {
    notebook: "damaged.ipynb",
    inputs: await reportInputs(notebook, "quick", undefined),
    onLeftOut: (omissions) => {
      left = omissions;
    },
  });
  const page = String(files.get("index.html"));
  assert.ok(page.includes("Left out of this report"));
  assert.ok(left.length > 15, `${left.length} things are named`);
  for (const { place, what } of left) {
    assert.match(place, /^(?:cell \d+|metrics\.json)$/);
    assert.doesNotMatch(what, /undefined|\[object|Cannot read/);
  }
  const body = page.slice(page.indexOf("<main>"), page.indexOf('<script type="application/json"'));
  assert.ok(
    !/<script|\son(?:load|error|click)=|href="javascript:|<iframe|src="http/i.test(
      body.replace(/data:[^"]*/g, ""),
    ),
  );
  assert.ok(
    Buffer.from(files.get("damaged.pdf") ?? "")
      .subarray(0, 5)
      .equals(Buffer.from("%PDF-")),
  );
});
