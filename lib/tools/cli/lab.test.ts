import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("in a folder of somebody's own, without requirements.txt, all that may be missing is Python", () => {
  const gradbook = fileURLToPath(new URL("../../../gradbook/gradbook.mjs", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "gradbook-lab-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, [gradbook, "lab"], {
      cwd: folder,
      env: { ...process.env, PATH: join(folder, "none"), GRADBOOK_PYTHON: join(folder, "none/python") },
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^gradbook lab: JupyterLab: there is no Python on this machine, expected Python 3\.10 or newer/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
