import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { GradbookError } from "@gradbook/base";
import { scratch } from "../fixtures.test.helper.js";
import { flakyMirror, type Mood } from "./flaky-mirror.test.helper.js";
import { download } from "./http.js";
import { MirrorFailure } from "./listener.js";

const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 8)) % 256));
// Long where nothing may time out, however busy the computer is; short where something must.
const patience = { connect: 10_000, stall: 10_000, pause: 0 };
const impatience = { connect: 500, stall: 500, pause: 0 };

async function setUp(t: TestContext, moods: readonly Mood[], begun = 0, wait = patience) {
  const mirror = await flakyMirror(t, { file: content }, moods);
  const part = join(scratch(t), "file.part");
  if (begun > 0) writeFileSync(part, content.subarray(0, begun));
  const seen: number[] = [];
  let total = 0;
  const run = () =>
    download(`${mirror.url}file`, part, wait, (done, whole) => {
      seen.push(done);
      total = whole;
    });
  return { mirror, part, run, seen, total: () => total };
}

test("a whole file, with progress up to its size", async (t) => {
  const { part, run, seen, total, mirror } = await setUp(t, []);
  await run();
  assert.ok(readFileSync(part).equals(content));
  assert.deepEqual([seen[0], seen.at(-1), total()], [0, 100_000, 100_000]);
  assert.deepEqual(mirror.requests, ["file"]);
});

test("a cut connection goes on where it was", async (t) => {
  const { part, run, mirror } = await setUp(t, [{ cutAt: 40_000 }, { cutAt: 40_001 }, { cutAt: 99_999 }]);
  await run();
  assert.ok(readFileSync(part).equals(content));
  assert.deepEqual(mirror.requests, ["file", "file from 40000", "file from 40001", "file from 99999"]);
});

test("an earlier call's part goes on where it was; a whole one is not fetched again", async (t) => {
  const begun = await setUp(t, [], 70_000);
  await begun.run();
  assert.ok(readFileSync(begun.part).equals(content));
  assert.deepEqual(begun.mirror.requests, ["file from 70000"]);
  assert.equal(begun.seen[0], 70_000);
  const whole = await setUp(t, [], 100_000);
  await whole.run();
  assert.ok(readFileSync(whole.part).equals(content));
});

test("a server without Range, or without Content-Length: from the beginning", async (t) => {
  const { part, run } = await setUp(t, [{ noRange: true, cutAt: 50_000 }, { noRange: true }], 10);
  await run();
  assert.ok(readFileSync(part).equals(content));
  const unknown = await setUp(t, [{ noLength: true }]);
  await unknown.run();
  assert.ok(readFileSync(unknown.part).equals(content));
  assert.equal(unknown.total(), 0);
});

test("a part that is longer than the file is thrown away", async (t) => {
  const { part, run, mirror } = await setUp(t, []);
  writeFileSync(part, Buffer.concat([content, Buffer.of(1)]));
  await run();
  assert.ok(readFileSync(part).equals(content));
  assert.deepEqual(mirror.requests, ["file from 100001", "file"]);
});

test("a stalled connection is taken up again", async (t) => {
  const { part, run, mirror } = await setUp(t, [{ stallAt: 30_000 }], 0, impatience);
  await run();
  assert.ok(readFileSync(part).equals(content));
  assert.deepEqual(mirror.requests, ["file", "file from 30000"]);
});

test("HTTP 503 is tried again", async (t) => {
  const { part, run } = await setUp(t, [{ status: 503 }]);
  await run();
  assert.ok(readFileSync(part).equals(content));
});

const failures: readonly [title: string, moods: readonly Mood[], words: RegExp][] = [
  ["HTTP 404", [{ status: 404 }], /^HTTP 404$/],
  [
    "HTTP 503 twice",
    [{ status: 503 }, { status: 503 }],
    /^HTTP 503 at byte 0, giving up after 2 attempts without progress$/,
  ],
  ["no answer in time", [{ mute: true }], /^no answer$/],
  [
    "nothing new twice",
    [{ cutAt: 5 }, { cutAt: 5 }, { cutAt: 5 }],
    /at byte 5, giving up after 2 attempts without progress$/,
  ],
  [
    "a stall twice",
    [{ stallAt: 9 }, { stallAt: 9 }, { stallAt: 9 }],
    /^no data for 0\.5 s at byte 9, giving up/,
  ],
  ["another range", [{ cutAt: 5 }, { wrongRange: true }], /a different range than requested/],
  [
    "a cut every few bytes",
    Array.from({ length: 30 }, (_, k) => ({ cutAt: k + 1 })),
    /^the connection was cut 20 times$/,
  ],
];

for (const [title, moods, words] of failures) {
  test(`gives a mirror up: ${title}`, async (t) => {
    const quick = moods.some((mood) => mood.mute || mood.stallAt !== undefined);
    const { run } = await setUp(t, moods, 0, quick ? impatience : patience);
    await assert.rejects(run, (error) => error instanceof MirrorFailure && words.test(error.message));
  });
}

test("gives a mirror up that is not there, with the network's reason", async (t) => {
  const part = join(scratch(t), "part");
  const gone = download("http://127.0.0.1:9/file", part, patience, () => {});
  await assert.rejects(
    gone,
    (error) => error instanceof MirrorFailure && /ECONNREFUSED|bad port/.test(error.message),
  );
  assert.ok(!existsSync(part));
});

test("a disk that can't take it ends everything, in our words", async (t) => {
  const { mirror } = await setUp(t, []);
  const nowhere = join(scratch(t), "no", "folder");
  await assert.rejects(
    download(`${mirror.url}file`, nowhere, patience, () => {}),
    (error) =>
      error instanceof GradbookError &&
      /no.folder: its folder has disappeared\. Make it again/.test(error.message),
  );
});
