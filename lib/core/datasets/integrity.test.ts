import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@gradbook/base";
import type { PublishedFile } from "./catalogue.js";
import { blockSums, compareWithPublished } from "./integrity.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i + 7 * i) % 251);
const published: PublishedFile = {
  name: "x",
  bytes: 1000,
  sha256: sha256(bytes),
  blockBytes: 64,
  blocks: blockSums(bytes, 64),
};

function changed(...changes: readonly (readonly [at: number, to: number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, to] of changes) copy[at] = to;
  return copy;
}

test("the published file is the same", () => {
  assert.deepEqual(compareWithPublished(bytes, published), { kind: "same" });
});

test("one changed byte is named with its offset, wherever it is", () => {
  for (let at = 0; at < 1000; at++) {
    const copy = changed([at, bytes[at] ^ 0x80]);
    const was = `0x${bytes[at].toString(16).padStart(2, "0")}`;
    const is = `0x${copy[at].toString(16).padStart(2, "0")}`;
    assert.deepEqual(compareWithPublished(copy, published), {
      kind: "damaged",
      got: `the byte at offset ${at} is ${is}`,
      expected: `${was} as in the published file`,
      cut: false,
    });
  }
});

test("several changed bytes are named with the first damaged block", () => {
  const verdict = compareWithPublished(changed([70, 0], [90, 1], [640, 255]), published);
  assert.ok(verdict.kind === "damaged");
  assert.match(
    verdict.got,
    /^damaged between offsets 64 and 127, and in 1 more blocks like this one \(SHA-256 /,
  );
});

test("a change that keeps both sums is still seen by the SHA-256", () => {
  // +1 −2 +1 on neighbours: Σ and Σ (i+1)·b stay.
  const verdict = compareWithPublished(
    changed([200, bytes[200] + 1], [201, bytes[201] - 2], [202, bytes[202] + 1]),
    published,
  );
  assert.ok(verdict.kind === "damaged");
  assert.match(verdict.got, /^SHA-256 [0-9a-f]{12}…$/);
});

test("a cut file and one with an appendix are named with the offset", () => {
  assert.deepEqual(compareWithPublished(bytes.subarray(0, 900), published), {
    kind: "damaged",
    got: "ends at offset 900",
    expected: "1000 bytes, as in the published file",
    cut: true,
  });
  const cutAndDamaged = compareWithPublished(changed([70, 0]).subarray(0, 900), published);
  assert.equal(cutAndDamaged.kind === "damaged" && cutAndDamaged.got, "ends at offset 900");
  assert.equal(cutAndDamaged.kind === "damaged" && cutAndDamaged.cut, false, "something else is in it");
  const longer = compareWithPublished(Uint8Array.of(...bytes, 1, 2), published);
  assert.equal(longer.kind === "damaged" && longer.got, "has 2 bytes more after offset 1000");
});

test("a file of its own is no damage", () => {
  assert.deepEqual(
    compareWithPublished(
      bytes.map((b) => b ^ 1),
      published,
    ),
    { kind: "other" },
  );
  assert.deepEqual(compareWithPublished(bytes.subarray(100, 900), published), { kind: "other" });
  assert.deepEqual(compareWithPublished(new Uint8Array(3), published), { kind: "other" });
});
