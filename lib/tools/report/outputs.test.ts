import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, MimeBundle } from "@gradbook/base";
import { encodePng } from "@gradbook/core/internal";
import { Omissions } from "./omissions.js";
import { readBundle } from "./outputs.js";

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";
const gif = "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=";
const svg = '<svg width="60" height="60"><circle cx="30" cy="30" r="20" fill="teal"/></svg>';
const surface = {
  data: [
    {
      type: "surface",
      z: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
};

/** Reads one output; its blocks, and what the report says of it. */
async function read(data: MimeBundle, metadata: Readonly<Record<string, Json>> = {}) {
  const omissions = new Omissions();
  const names = new Map<string, number>();
  const blocks = await readBundle(data, {
    cell: 3,
    place: { order: 5, words: "cell 3" },
    metadata,
    text: String(data["text/plain"] ?? ""),
    omissions,
    room: { html: 2e6 },
    unused: (name) => {
      const n = (names.get(name) ?? 0) + 1;
      names.set(name, n);
      return n === 1 ? name : `${name}-${n}`;
    },
  });
  return {
    blocks,
    left: omissions
      .list()
      .map(({ what }) => what)
      .join("; "),
  };
}

/** What is in a bundle, the form that is taken, and what is said. */
const table: readonly (readonly [string, MimeBundle, string, RegExp])[] = [
  ["our metrics", { "application/vnd.gradbook.metrics+json": {}, "text/plain": "m" }, "", /^$/],
  ["Plotly before PNG", { "application/vnd.plotly.v1+json": surface, "image/png": png }, "figure", /^$/],
  ["HTML before PNG", { "text/html": "<b>x</b>", "image/png": png }, "html", /^$/],
  [
    "PNG before HTML that is a program",
    { "text/html": "<div></div><script>1</script>", "image/png": png },
    "picture",
    /^text\/html: left out: script; shown is its image\/png$/,
  ],
  [
    "HTML without its program",
    { "text/html": "<p>a</p><script>1</script>", "text/plain": "p" },
    "html",
    /^text\/html: left out: script$/,
  ],
  [
    "words for a program",
    { "text/html": "<script>1</script>", "text/plain": "p" },
    "text",
    /^text\/html: left out: script; shown is its text\/plain$/,
  ],
  ["Markdown", { "text/markdown": "**b**", "text/plain": "b" }, "prose", /^$/],
  ["LaTeX before SVG", { "text/latex": "$$x^2$$", "image/svg+xml": svg }, "prose", /^$/],
  ["SVG before PNG", { "image/svg+xml": svg, "image/png": png }, "picture", /^$/],
  ["GIF", { "image/gif": gif, "text/plain": "g" }, "picture", /^$/],
  ["JSON as text", { "application/json": '{"a":1}' }, "text", /^$/],
  ["JSON before its words", { "application/json": { a: 1 }, "text/plain": "<JSON>" }, "text", /^$/],
  ["Vega with a picture", { "application/vnd.vegalite.v5+json": {}, "image/png": png }, "picture", /^$/],
  [
    "Vega alone",
    { "application/vnd.vega.v5+json": {}, "text/plain": "v" },
    "text",
    /vega\.v5\+json needs Vega's own program.*; shown is its text\/plain/,
  ],
  [
    "a widget",
    { "application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider" },
    "text",
    /needs a running kernel; shown is its text\/plain/,
  ],
  [
    "a program",
    { "application/javascript": "alert(1)", "text/plain": "js" },
    "text",
    /is a program, and a report runs none/,
  ],
  ["a program alone", { "text/javascript": "alert(1)" }, "left", /text\/javascript is a program/],
  ["a PDF", { "application/pdf": "JVBERi0=" }, "left", /application\/pdf is a document of its own/],
  ["sound", { "audio/wav": "AAAA" }, "left", /audio\/wav is no picture/],
  [
    "a kind that nobody knows",
    { "application/x-mine": "x", "text/plain": "x" },
    "text",
    /application\/x-mine is a type that reports do not support; shown is its text\/plain/,
  ],
  ["a kind of text that nobody knows", { "text/csv": "a,b" }, "text", /^$/],
  ["nothing at all", {}, "left", /an output without any content/],
];
for (const [title, bundle, kind, said] of table) {
  test(`${title}: ${kind || "no block"}`, async () => {
    const { blocks, left } = await read(bundle);
    assert.equal(blocks.map((block) => block.kind).join(), kind);
    assert.match(left, said);
  });
}

const huge = Buffer.from(png, "base64");
huge.writeUInt32BE(100_000, 16);
huge.writeUInt32BE(100_000, 20);

/** Forms that are broken or hostile; each is named, and the words that stand beside them are taken. */
const broken: readonly (readonly [string, string, Json, RegExp])[] = [
  ["base64 that was cut", "image/png", png.slice(0, 61), /image\/png: not base64/],
  ["a PNG that was cut", "image/png", png.slice(0, 80), /image\/png: damaged: it cannot be decoded/],
  ["a PNG that is none", "image/png", "AAAA", /image\/png: neither PNG, JPEG, GIF nor WebP/],
  [
    "a PNG of 100,000 × 100,000",
    "image/png",
    huge.toString("base64"),
    /100000 × 100000 pixels, of at most 64 million/,
  ],
  ["an empty PNG", "image/png", "", /image\/png: no bytes/],
  ["the head of a JPEG", "image/jpeg", "/9j/", /image\/jpeg: neither PNG/],
  ["an SVG that is none", "image/svg+xml", "hello", /image\/svg\+xml: no svg element/],
  [
    "an SVG of entities",
    "image/svg+xml",
    '<!DOCTYPE svg [<!ENTITY a "x">]><svg><text>&a;</text></svg>',
    /it declares entities/,
  ],
  ["an SVG of a script alone", "image/svg+xml", "<svg><script>alert(1)</script></svg>", /nothing in it/],
  [
    "an SVG as large as a house",
    "image/svg+xml",
    '<svg width="1e9" height="1e9"><rect/></svg>',
    /1000000000 × 1000000000 pixels/,
  ],
  [
    "an SVG that repeats itself",
    "image/svg+xml",
    '<svg><g id="a"><use href="#a"/></g></svg>',
    /more than 100000 elements/,
  ],
  ["an SVG nested 5000 deep", "image/svg+xml", `<svg>${"<g>".repeat(5000)}<rect/></svg>`, /nested too deep/],
  ["HTML nested 50,000 deep", "text/html", `${"<div>".repeat(50_000)}x`, /text\/html: nested too deep/],
  ["3 MB of HTML", "text/html", "<i>a</i>".repeat(400_000), /MB of HTML, of at most 2/],
  [
    "a megabyte of Markdown",
    "text/markdown",
    "- a\n".repeat(300_000),
    /text\/markdown: 1\.2 MB of text, of at most 0\.5/,
  ],
  ["an iframe", "text/html", '<iframe src="https://example.org"></iframe>', /text\/html: left out: iframe/],
  ["Plotly without data", "application/vnd.plotly.v1+json", {}, /plotly\.v1\+json: no data, expected/],
  [
    "Plotly of a kind that there is not",
    "application/vnd.plotly.v1+json",
    { data: [{ type: "scater" }] },
    /data\[0\]: type is "scater"/,
  ],
  [
    "a Plotly text that is not JSON",
    "application/vnd.plotly.v1+json",
    "data",
    /plotly.v1\+json: cannot be read/,
  ],
  [
    "a 3-D plot without z",
    "application/vnd.plotly.v1+json",
    { data: [{ type: "scatter3d", x: [1], y: [1] }] },
    /data\[0\] \(scatter3d\): no z/,
  ],
  [
    "a table of ours without rows",
    "application/vnd.gradbook.table+json",
    { columns: [] },
    /a table without columns and rows/,
  ],
  [
    "a table of ours with a short row",
    "application/vnd.gradbook.table+json",
    { columns: [{}], rows: [[]] },
    /row 1 has not one cell for each of 1/,
  ],
];
for (const [title, mime, data, said] of broken) {
  test(`${title} is named, and its words stand in its place`, async () => {
    const { blocks, left } = await read({ [mime]: data, "text/plain": "words" });
    assert.deepEqual(
      blocks.map((block) => block.kind === "text" && block.text.text),
      ["words"],
    );
    assert.match(left, said);
    assert.match(left, /shown is its text\/plain$/);
  });
}

test("nothing is left of a hostile SVG but its drawing, and each thing that went is named", async () => {
  const source =
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="x()">' +
    "<style>@import url(https://example.org/x.css)</style><script>alert(1)</script><foreignObject><b>b</b></foreignObject>" +
    '<image xlink:href="https://example.org/x.png"/><a xlink:href="javascript:1"><text>t</text></a>' +
    '<rect width="3" height="3" fill="url(https://example.org#a)"/><defs><linearGradient id="g"/></defs><circle r="1" fill="url(#g)"/></svg>';
  const { blocks, left } = await read({ "image/svg+xml": source });
  const [block] = blocks;
  assert.ok(block.kind === "picture" && block.picture.mime === "image/svg+xml");
  const drawn = block.kind === "picture" && block.picture.mime === "image/svg+xml" ? block.picture.svg : "";
  assert.doesNotMatch(drawn, /script|foreignObject|example\.org|javascript|onload/);
  assert.match(drawn, /fill="url\(#g\)"/);
  for (const what of ["onload", "script", "foreignobject", "style", "javascript:1", "example.org"]) {
    assert.ok(left.includes(what), what);
  }
});

test("a picture of several megabytes is smaller on the page, whole in the folder, and it is said", async () => {
  const pixels = Buffer.alloc(2400 * 800 * 4);
  for (let i = 0, n = 1; i < pixels.length; i++) {
    n = (Math.imul(n, 1664525) + 1013904223) >>> 0;
    pixels[i] = i % 4 === 3 ? 255 : n >>> 24;
  }
  const noise = Buffer.from(encodePng(2400, 800, pixels)).toString("base64");
  const { blocks, left } = await read({ "image/png": noise });
  const [block] = blocks;
  assert.ok(block.kind === "picture");
  if (block.kind !== "picture") return;
  assert.deepEqual([block.picture.width, block.small?.width, block.small?.height], [2400, 1600, 533]);
  assert.match(left, /^picture: on the page smaller than it is \(\d\.\d MB, whole in figures\/\)$/);
});

/** Attributes of an SVG and its size in CSS pixels. */
for (const [attributes, width, height] of [
  ['width="60" height="40"', 60, 40],
  ['width="2in" height="1in"', 192, 96],
  ['width="460.8pt" height="345.6pt" viewBox="0 0 460.8 345.6"', 614.4, 460.8],
  ['width="100" viewBox="0 0 20 10"', 100, 50],
  ['height="100" viewBox="0 0 20 10"', 200, 100],
  ['viewBox="0 0 24 24"', 300, 300],
  ['viewBox="0 0 800 400"', 800, 400],
  ['width="100%" viewBox="0 0 800 400"', 800, 400],
  ['style="width: 90px; background: #eee" viewBox="0 0 3 1"', 90, 30],
  ['width="1e6" height="1e6" viewBox="0 0 1 1"', 10_000, 10_000],
  ["", 300, 150],
] as const) {
  test(`an SVG with ${attributes || "no size"} is ${width} × ${height}`, async () => {
    const { blocks } = await read({
      "image/svg+xml": `<svg ${attributes}><rect width="1" height="1"/></svg>`,
    });
    const [block] = blocks;
    assert.ok(block.kind === "picture");
    if (block.kind === "picture")
      assert.deepEqual([block.picture.width, block.picture.height], [width, height]);
  });
}

test("a picture keeps the size that the notebook gives it", async () => {
  const { blocks } = await read({ "image/png": png }, { "image/png": { width: 40 } });
  assert.equal(blocks[0].kind === "picture" && blocks[0].width, 40);
});

test("a picture's alternative text is that of its metadata, else the output's text", async () => {
  const bundle = { "image/png": png, "text/plain": "<Figure size 640x480>" };
  const wordsOf = async (metadata: Readonly<Record<string, Json>>) => {
    const [block] = (await read(bundle, metadata)).blocks;
    return block.kind === "picture" && block.text;
  };
  assert.equal(await wordsOf({ "image/png": { alt: "a falling line" } }), "a falling line");
  assert.equal(await wordsOf({}), await wordsOf({ "image/png": { alt: "" } }));
});

test("a JSON output with a key __proto__ changes no other object", async () => {
  const hostile: Json = JSON.parse(
    '{"data":[{"y":[1],"__proto__":{"polluted":1}}],"layout":{"__proto__":{"polluted":1}}}',
  );
  await read({ "application/vnd.plotly.v1+json": hostile });
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

test("of a very long output the beginning and the end are shown, and how much is not", async () => {
  const lines = Array.from({ length: 600_000 }, (_, i) => `line ${i}`).join("\n");
  const { blocks } = await read({ "text/plain": lines });
  const [block] = blocks;
  assert.ok(block.kind === "text");
  if (block.kind !== "text") return;
  assert.match(block.text.text, /^line 0\n/);
  assert.match(block.text.text, /line 599999$/);
  assert.equal(block.text.left, "598000 of 600000 lines");
});
