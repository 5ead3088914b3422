import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "./lab.js";

for (const port of ["0", "70000", "eight"]) {
  test(`refuses --port ${port}`, async () => {
    await assert.rejects(command.run(["--port", port]), {
      message: `--port: "${port}", expected 1 to 65535.`,
    });
  });
}

test("refuses a folder that is in no checkout", () => {
  const gradbook = fileURLToPath(new URL("../../cli/gradbook.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [gradbook, "lab"], {
    cwd: tmpdir(),
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /there is no requirements\.txt with a folder notebooks\/ beside it here or above\. Call it in/,
  );
});
