import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMessage, encodeRequest } from "./wire.js";

const frames = () => encodeRequest("execute_request", { code: "1" }, "session", "key");
const buffers = (parts: readonly string[]) => parts.map((part) => Buffer.from(part));

test("a signed message is read back, with its number and whatever topic stands before it", () => {
  const { id, frames: parts } = frames();
  const message = decodeMessage(buffers(["gradbook-17", "topic", ...parts]), "key");
  assert.deepEqual(message, {
    type: "execute_request",
    id,
    parentId: "",
    content: { code: "1" },
    number: 17,
  });
  assert.equal(decodeMessage(buffers(parts), "key")?.number, undefined);
});

test("refuses another key, a changed content, a missing frame and what is no JSON", () => {
  const parts = frames().frames;
  assert.equal(decodeMessage(buffers(parts), "other"), undefined);
  assert.equal(decodeMessage(buffers([...parts.slice(0, 5), '{"code":"2"}']), "key"), undefined);
  assert.equal(decodeMessage(buffers(parts.slice(0, 5)), "key"), undefined);
  assert.equal(decodeMessage(buffers(parts.slice(1)), "key"), undefined);
  assert.equal(decodeMessage(buffers([parts[0], "short", ...parts.slice(2)]), "key"), undefined);
});
