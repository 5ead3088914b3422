import assert from "node:assert/strict";
import { test } from "node:test";
import { buildFrames, numberFrame, numberOf, parseMessage, Signer } from "./frames.js";
import type { Message } from "./messages.js";

const header = { msg_id: "1", msg_type: "t", session: "s", username: "u", date: "d", version: "5.4" };
const message: Message = {
  identities: [Buffer.from("id")],
  header,
  parent: {},
  metadata: {},
  content: { code: "é" },
  buffers: [Buffer.from([1, 2])],
};

function framesOf(key: string, change: (frames: Buffer[]) => void = () => undefined): Buffer[] {
  const frames = buildFrames(message, new Signer(key, "hmac-sha256")).map((frame) => Buffer.from(frame));
  change(frames);
  return frames;
}

test("a message comes back as it was built", () => {
  const parsed = parseMessage(framesOf("key"), new Signer("key", "hmac-sha256"));
  assert.deepEqual(parsed, message);
});

test("a number stands beside the topic, and a message without one has none", () => {
  const topic = Buffer.from("kernel.stream");
  assert.equal(numberOf({ ...message, identities: [topic, numberFrame(17)] }), 17);
  assert.equal(numberOf({ ...message, identities: [topic] }), undefined);
});

test("no key: nothing is signed", () => {
  const frames = framesOf("");
  assert.equal(frames[2].length, 0);
  assert.deepEqual(parseMessage(frames, new Signer("", "")), message);
});

const refusals: Readonly<Record<string, readonly [wanted: string, change: (frames: Buffer[]) => void]>> = {
  "no delimiter": ["frames", (frames) => frames.splice(1, 1)],
  "too few frames": ["frames", (frames) => frames.splice(6)],
  "another key's signature": ["signature", (frames) => frames.splice(0, frames.length, ...framesOf("other"))],
  "one character of the signature": [
    "signature",
    (frames) => (frames[2] = Buffer.from(`0${frames[2].toString().slice(1)}x`)),
  ],
  "an empty signature": ["signature", (frames) => (frames[2] = Buffer.alloc(0))],
  "changed content": ["signature", (frames) => (frames[6] = Buffer.from('{"code":"other"}'))],
};
for (const [title, [wanted, change]] of Object.entries(refusals)) {
  test(`refused: ${title}`, () => {
    assert.equal(parseMessage(framesOf("key", change), new Signer("key", "hmac-sha256")), wanted);
  });
}

test("refused: well signed, but no JSON object, or a header without an id", () => {
  const signer = new Signer("key", "hmac-sha256");
  const signed = (parts: string[]): Buffer[] =>
    ["<IDS|MSG>", signer.sign(parts), ...parts].map((part) => Buffer.from(part));
  const good = JSON.stringify(header);
  assert.equal(parseMessage(signed([good, "{}", "{}", "["]), signer), "json");
  assert.equal(parseMessage(signed([good, "{}", "null", "{}"]), signer), "json");
  assert.equal(parseMessage(signed(["{}", "{}", "{}", "{}"]), signer), "header");
});

test("refused: a message that was taken before", () => {
  const signer = new Signer("key", "hmac-sha256");
  assert.notEqual(parseMessage(framesOf("key"), signer), "replayed");
  assert.equal(parseMessage(framesOf("key"), signer), "replayed");
});

test("refused: an unknown signature scheme", () => {
  assert.throws(
    () => new Signer("key", "md5"),
    /connection file: signature_scheme "md5", expected hmac-sha256/,
  );
});
