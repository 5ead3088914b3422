import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { optionalPackage } from "./optional-package.js";

const absent = "a-package-that-nobody-has";
const sentence = {
  name: "GradbookError",
  message: `sweep: the package ${absent}, which it needs, is not installed. npm install ${absent}`,
};

test("a package that is not installed is named, by require and by import", async () => {
  const require = createRequire(import.meta.url);
  assert.throws(() => optionalPackage(absent, "sweep", () => require(absent)), sentence);
  await assert.rejects(
    optionalPackage(absent, "sweep", () => import(absent)),
    sentence,
  );
});

test("what is installed is handed over, and an error of its own stays as it is", async () => {
  const zlib = await optionalPackage("node:zlib", "data", () => import("node:zlib"));
  assert.equal(typeof zlib.gunzipSync, "function");
  const own = new Error("broken");
  const broken = () => {
    throw own;
  };
  assert.throws(() => optionalPackage(absent, "sweep", broken), own);
  await assert.rejects(
    optionalPackage(absent, "sweep", () => Promise.reject(own)),
    own,
  );
});
