import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { GradbookError, host, sha256 } from "@gradbook/base";
import type { Mirror, PublishedDataset } from "../catalogue.js";
import { scratch } from "../fixtures.test.helper.js";
import { blockSums } from "../integrity.js";
import { tarArchive } from "./archives.test.helper.js";
import { withChosenMirror } from "./chosen-mirror.js";
import { type FetchConfig, type Fetched, fetchDataset } from "./fetch-dataset.js";
import { flakyMirror } from "./flaky-mirror.test.helper.js";

const a = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * i * 31) % 256));
const b = Buffer.from(Array.from({ length: 50 }, (_, i) => (i * 7) % 256));
const packed = { "a.gz": gzipSync(a), "b.gz": gzipSync(b) };
const archive = gzipSync(
  tarArchive([
    { path: "x/._a", bytes: Buffer.from("a twin of macOS") },
    { path: "x/a", bytes: a },
    { path: "x/b", bytes: b },
  ]),
);

function published(...mirrors: readonly Mirror[]): PublishedDataset {
  const file = (name: string, bytes: Buffer) => {
    return { name, bytes: bytes.length, sha256: sha256(bytes), blockBytes: 64, blocks: blockSums(bytes, 64) };
  };
  return {
    title: "Tiny",
    loader: "loadTiny",
    licence: "none",
    cite: "none",
    files: [file("a", a), file("b", b)],
    mirrors,
  };
}

/** Fetches into `folder`; also collects what would be printed. */
async function fetchInto(
  folder: string,
  mirrors: readonly Mirror[],
  config: Partial<FetchConfig> = {},
): Promise<Fetched & { notes: string[] }> {
  const notes: string[] = [];
  const listener = { progress: () => {}, note: (text: string) => notes.push(text) };
  const patience = { connect: 10_000, stall: 10_000, pause: 0 };
  const result = await fetchDataset({
    key: "mnist",
    published: published(...mirrors),
    folder,
    patience,
    listener,
    ...config,
  });
  return { ...result, notes };
}

/** What a process that was killed leaves while it writes. */
const deadDraft = `.gradbook-${host}-999999999-0123456789ab`;

function gz(url: string): Mirror {
  return { kind: "gz", url, bytes: 400 };
}

function assertOnlyTheFiles(folder: string): void {
  assert.deepEqual(readdirSync(folder).sort(), ["a", "b"]);
  assert.ok(readFileSync(join(folder, "a")).equals(a) && readFileSync(join(folder, "b")).equals(b));
}

test("files one by one; a second call fetches nothing, --force everything, a damaged one only itself", async (t) => {
  const folder = scratch(t);
  const { url, requests } = await flakyMirror(t, packed);
  const first = await fetchInto(folder, [gz(url)]);
  assertOnlyTheFiles(folder);
  assert.deepEqual(first.files, [join(folder, "a"), join(folder, "b")]);
  assert.deepEqual(
    [first.fetched, requests],
    [
      ["a", "b"],
      ["a.gz", "b.gz"],
    ],
  );
  assert.deepEqual((await fetchInto(folder, [gz(url)])).fetched, []);
  assert.deepEqual((await fetchInto(folder, [gz(url)], { force: true })).fetched, ["a", "b"]);
  writeFileSync(
    join(folder, "b"),
    b.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
  );
  const damaged = readFileSync(join(folder, "b"));
  const { fetched, notes } = await fetchInto(folder, [gz(url)]);
  assert.deepEqual(fetched, ["b"]);
  assert.match(notes[0], /^.*b was damaged: it is kept as .*b\.damaged\.$/);
  assert.ok(readFileSync(join(folder, "b.damaged")).equals(damaged));
  rmSync(join(folder, "b.damaged"));
  assertOnlyTheFiles(folder);
});

test("an archive, with the ._ twins of macOS left out", async (t) => {
  const folder = join(scratch(t), "made", "on", "the", "way");
  const { url } = await flakyMirror(t, { "all.tar.gz": archive });
  await fetchInto(folder, [{ kind: "tar", url: `${url}all.tar.gz`, bytes: 500 }]);
  assertOnlyTheFiles(folder);
});

test("a .gz that the server unpacks on the way", async (t) => {
  const folder = scratch(t);
  const { url } = await flakyMirror(t, { "a.gz": a, "b.gz": b });
  await fetchInto(folder, [gz(url)]);
  assertOnlyTheFiles(folder);
});

test("cut at any byte, with and without Range: the file is whole in the end", async (t) => {
  for (const noRange of [false, true]) {
    for (let cutAt = 0; cutAt < packed["a.gz"].length; cutAt += 5) {
      const folder = scratch(t);
      const { url } = await flakyMirror(t, packed, [{ cutAt }, { noRange }]);
      await fetchInto(folder, [gz(url)]);
      assertOnlyTheFiles(folder);
    }
  }
});

test("killed at any byte: the next call goes on there and leaves nothing else behind", async (t) => {
  const { url, requests } = await flakyMirror(t, packed);
  const part = `a.gz.${new URL(url).host.replace(":", "_")}.part`;
  for (let at = 1; at < packed["a.gz"].length; at += 5) {
    const folder = scratch(t);
    writeFileSync(join(folder, part), packed["a.gz"].subarray(0, at));
    writeFileSync(join(folder, deadDraft), a.subarray(0, at));
    mkdirSync(join(folder, ".gradbook-npm-abc/cache"), { recursive: true });
    writeFileSync(join(folder, ".downloading"), `${host} 999999999`);
    await fetchInto(folder, [gz(url)]);
    assertOnlyTheFiles(folder);
    assert.ok(requests.includes(`a.gz from ${at}`));
  }
});

test("a part of another file is found out and fetched from its beginning", async (t) => {
  const folder = scratch(t);
  const { url } = await flakyMirror(t, packed);
  writeFileSync(join(folder, `a.gz.${new URL(url).host.replace(":", "_")}.part`), Buffer.alloc(100, 1));
  const { notes } = await fetchInto(folder, [gz(url)]);
  assertOnlyTheFiles(folder);
  assert.match(
    notes[0],
    /^a has \d+ bytes, expected 300: fetching it again from the beginning\.$|^a has more bytes/,
  );
});

test("the next mirror takes over, for what is still missing", async (t) => {
  const folder = scratch(t);
  const bad = await flakyMirror(t, { "a.gz": packed["a.gz"] });
  const good = await flakyMirror(t, { "all.tar.gz": archive });
  const { notes, fetched } = await fetchInto(folder, [
    gz("http://127.0.0.1:1/"),
    gz(bad.url),
    { kind: "tar", url: `${good.url}all.tar.gz`, bytes: 500 },
  ]);
  assertOnlyTheFiles(folder);
  assert.deepEqual(fetched, ["a", "b"]);
  assert.equal(notes.length, 2);
  assert.match(notes[1], /^127\.0\.0\.1:\d+ \(HTTP 404\): trying the next mirror\.$/);
});

const wrong: readonly [title: string, bytes: Buffer, words: RegExp][] = [
  [
    "another content of the same size",
    gzipSync(Buffer.from(a).fill(1, 7, 8)),
    /a has a different SHA-256 than the published/,
  ],
  ["too few bytes", gzipSync(a.subarray(1)), /a has 299 bytes, expected 300/],
  ["far too many bytes", gzipSync(Buffer.alloc(1e6)), /a has more bytes, expected 300/],
  ["a web page", Buffer.from("<!DOCTYPE html>"), /a has 15 bytes, expected 300/],
  [
    "gzip with another checksum",
    Buffer.concat([packed["a.gz"].subarray(0, -8), Buffer.alloc(8)]),
    /a: incorrect data check/,
  ],
];

for (const [title, bytes, words] of wrong) {
  test(`refuses ${title}: nothing under the right name, nothing half-written`, async (t) => {
    const folder = scratch(t);
    const { url } = await flakyMirror(t, packed, [{ instead: bytes }]);
    await assert.rejects(fetchInto(folder, [gz(url)]), (error) => {
      assert.ok(error instanceof GradbookError);
      assert.match(error.message, /^Tiny: no mirror delivered a, b: 127\.0\.0\.1:\d+ \(/);
      assert.match(error.message, words);
      assert.match(
        error.message,
        /Is there a network connection\? Running it again resumes where this one stopped/,
      );
      return true;
    });
    assert.deepEqual(readdirSync(folder), []);
  });
}

test("a file that is there survives a --force that fails", async (t) => {
  const folder = scratch(t);
  const { url } = await flakyMirror(t, packed);
  await fetchInto(folder, [gz(url)]);
  await assert.rejects(fetchInto(folder, [gz(`${url}nothing/`)], { force: true }), /HTTP 404/);
  assertOnlyTheFiles(folder);
});

function identity(path: string) {
  const { ino, size, mtimeMs } = lstatSync(path);
  return { ino, size, mtimeMs };
}

const others: readonly [title: string, put: (path: string) => void][] = [
  ["of the same size", (path) => writeFileSync(path, Buffer.alloc(300, 7))],
  ["of another size", (path) => writeFileSync(path, "my own images")],
  ["behind a link", (path) => symlinkSync("elsewhere", path)],
  ["that is a folder", (path) => mkdirSync(path)],
];

for (const [title, put] of others) {
  for (const force of [false, true]) {
    test(`refuses to replace somebody's own file ${title}${force ? ", also with --force" : ""}; nothing is fetched`, async (t) => {
      const folder = scratch(t);
      const { url, requests } = await flakyMirror(t, packed);
      put(join(folder, "a"));
      const before = identity(join(folder, "a"));
      await assert.rejects(fetchInto(folder, [gz(url)], { force }), {
        name: "GradbookError",
        message:
          /a: a file that differs from the published one, expected SHA-256 \w{12}…, or no file\. It was not touched\. Move/,
      });
      assert.deepEqual(identity(join(folder, "a")), before);
      assert.deepEqual([readdirSync(folder), requests], [["a"], []]);
    });
  }
}

test("a file that is only cut short is replaced, and so is an empty one: they hold nothing that is lost", async (t) => {
  for (const bytes of [a.subarray(0, 250), Buffer.alloc(0)]) {
    const folder = scratch(t);
    const { url } = await flakyMirror(t, packed);
    writeFileSync(join(folder, "a"), bytes);
    await fetchInto(folder, [gz(url)]);
    assertOnlyTheFiles(folder);
  }
});

test("what a living process writes, and what only looks like a draft, stays", async (t) => {
  const folder = scratch(t);
  const { url } = await flakyMirror(t, packed);
  const kept = [`.gradbook-${host}-${process.pid}-0123456789ab`, ".gradbook-notes", "a.tmp", "b.part"];
  for (const name of kept) writeFileSync(join(folder, name), "x");
  await fetchInto(folder, [gz(url)]);
  assert.deepEqual(readdirSync(folder).sort(), [...kept, "a", "b"].sort());
});

test("from a folder of somebody's, raw and .gz, verified like every other mirror", async (t) => {
  const copy = scratch(t);
  const folder = scratch(t);
  const chosen = withChosenMirror(published(), copy);
  await assert.rejects(fetchInto(folder, chosen.mirrors), /it does not have a\)/);
  writeFileSync(join(copy, "a.gz"), packed["a.gz"]);
  writeFileSync(join(copy, "b"), Buffer.alloc(50));
  await assert.rejects(
    fetchInto(folder, chosen.mirrors),
    /b has a different SHA-256 than the published file/,
  );
  writeFileSync(join(copy, "b"), b);
  await fetchInto(folder, chosen.mirrors);
  assertOnlyTheFiles(folder);
});

test("the chosen mirror is the only one: from --from, else from $GRADBOOK_MIRROR", (t) => {
  const of = (from?: string) => withChosenMirror(published(gz("http://catalogue/")), from).mirrors;
  const folder = scratch(t);
  assert.deepEqual(of("https://x.org/y"), [{ kind: "gz", url: "https://x.org/y/", bytes: 400 }]);
  assert.deepEqual(of("https://x.org/y.tar.gz?z"), [
    { kind: "tar", url: "https://x.org/y.tar.gz?z", bytes: 400 },
  ]);
  assert.deepEqual(of(folder), [{ kind: "folder", path: folder, bytes: 350 }]);
  assert.deepEqual(of(), [gz("http://catalogue/")]);
  t.after(() => {
    delete process.env.GRADBOOK_MIRROR;
  });
  process.env.GRADBOOK_MIRROR = folder;
  assert.deepEqual(of(), [{ kind: "folder", path: folder, bytes: 350 }]);
  assert.throws(
    () => of(join(folder, "none")),
    /^GradbookError: mirror ".*none": there is no such folder, expected a/,
  );
  assert.throws(() => of("ftp://x.org"), /there is no such folder/);
});

test("refuses to begin without room for it", async (t) => {
  const folder = scratch(t);
  const huge: Mirror = { kind: "gz", url: "http://127.0.0.1:1/", bytes: 1e18 };
  await assert.rejects(
    fetchInto(folder, [huge]),
    /: \d+ MB free, expected 1000000000000 MB for the download and what it unpacks to\. Make room/,
  );
});

test("two calls at once fetch the data once", async (t) => {
  const folder = scratch(t);
  const { url, requests } = await flakyMirror(t, packed, [{ stallAt: 20 }]);
  const patience = { connect: 10_000, stall: 500, pause: 0 };
  const call = () => fetchInto(folder, [gz(url)], { patience });
  const [first, second] = await Promise.all([call(), call()]);
  assertOnlyTheFiles(folder);
  assert.deepEqual([...first.fetched, ...second.fetched], ["a", "b"]);
  assert.deepEqual(requests, ["a.gz", "a.gz from 20", "b.gz"]);
  assert.deepEqual(
    [...first.notes, ...second.notes],
    ["Another gradbook is fetching this data set: waiting for it."],
  );
});

/** A stand-in for npm at the front of PATH: a shell script that gets the folder with the tarball as $TARBALL. */
function npmThatDoes(folder: string, script: string): NodeJS.ProcessEnv {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "npm"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, "npm"), 0o755);
  return { PATH: `${bin}${delimiter}${process.env.PATH}` };
}

const onWindows = process.platform === "win32" && "the stand-in for npm is a shell script";

test("a package: npm pack in a folder of its own, nothing left of it", { skip: onWindows }, async (t) => {
  const outside = scratch(t);
  const tarball = join(outside, "tiny.tgz");
  writeFileSync(tarball, archive);
  const env = npmThatDoes(outside, `echo "$@" > ${outside}/called; cp ${tarball} tiny-1.0.0.tgz`);
  const folder = scratch(t);
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  Object.assign(process.env, env);
  await fetchInto(folder, [{ kind: "npm", package: "tiny@1.0.0", bytes: 500 }]);
  assertOnlyTheFiles(folder);
  assert.match(
    readFileSync(join(outside, "called"), "utf8"),
    /^pack tiny@1\.0\.0 --cache .* --ignore-scripts/,
  );
});

const npmFailures: readonly [title: string, script: string, words: RegExp][] = [
  ["npm's error code", "echo 'npm error code E404' >&2; exit 1", /npm tiny@1\.0\.0 \(npm pack: E404\)/],
  ["its exit code without words", "exit 7", /\(npm pack ended with 7\)/],
  ["a silent npm that stalls", "exec sleep 20", /\(no data for \d s\)/],
  ["success without a tarball", "exit 0", /\(npm pack left no tarball\)/],
  ["a cut tarball", "printf '\\037\\213\\010' > x.tgz", /\(unexpected end of file\)/],
];

for (const [title, script, words] of npmFailures) {
  test(`gives a package up: ${title}`, { skip: onWindows }, async (t) => {
    const path = process.env.PATH;
    t.after(() => {
      process.env.PATH = path;
    });
    Object.assign(process.env, npmThatDoes(scratch(t), script));
    const folder = scratch(t);
    const patience = { connect: title.includes("stalls") ? 250 : 10_000, stall: 10_000, pause: 0 };
    const mirror: Mirror = { kind: "npm", package: "tiny@1.0.0", bytes: 500 };
    await assert.rejects(fetchInto(folder, [mirror], { patience }), words);
    assert.ok(!existsSync(join(folder, "a")) && readdirSync(folder).length === 0);
  });
}
