import assert from "node:assert/strict";
import { test } from "node:test";
import { tarArchive } from "./archives.test.helper.js";
import { readTar } from "./tar.js";

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function contents(archive: Buffer, pieces: number): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of readTar(inPieces(archive, pieces))) {
    let text = "";
    for await (const piece of entry.body()) text += Buffer.from(piece).toString("latin1");
    found.push(`${entry.name} ${entry.size} ${text.slice(0, 5)}`);
  }
  return found;
}

const archive = tarArchive([
  { path: "folder/", type: "5", bytes: Buffer.alloc(0) },
  { path: "folder/._one.bin", bytes: Buffer.from("twin of a Mac") },
  { path: "folder/one.bin", bytes: Buffer.from("first") },
  { path: "folder/long", type: "x", bytes: Buffer.from("22 path=folder/two.bin\n") },
  { path: "folder/two.bin", bytes: Buffer.alloc(1024, "second") },
  { path: "empty", bytes: Buffer.alloc(0) },
]);

for (const pieces of [1, 511, 512, 513, 100_000]) {
  test(`files by their last name, without folders, headers and ._ twins, in pieces of ${pieces}`, async () => {
    assert.deepEqual(await contents(archive, pieces), ["one.bin 5 first", "two.bin 1024 secon", "empty 0 "]);
  });
}

test("a body that is not read is passed over", async () => {
  const names: string[] = [];
  for await (const entry of readTar(inPieces(archive, 100))) names.push(entry.name);
  assert.deepEqual(names, ["one.bin", "two.bin", "empty"]);
});

test("refuses an archive that is cut at any byte before its end mark", async () => {
  const end = archive.length - 1024;
  for (let at = 0; at < end + 512; at += 37) {
    await assert.rejects(
      contents(archive.subarray(0, at), 64),
      { message: "the archive is cut short" },
      `at ${at}`,
    );
  }
});

test("refuses a damaged header", async () => {
  const damaged = Buffer.from(archive);
  damaged[512 + 3] ^= 1;
  await assert.rejects(contents(damaged, 64), { message: "the archive is damaged" });
});
