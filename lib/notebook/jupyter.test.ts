import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { prepareJupyter } from "./jupyter.js";

// That it works is seen in tests/jupyterlab.test.ts and tests/nbconvert.test.ts; here is what it refuses.

async function withoutPath(run: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  const { PATH } = process.env;
  process.env.PATH = join(root, "bin");
  try {
    await mkdir(join(root, "bin"));
    await writeFile(join(root, "requirements.txt"), "no-such-package-of-gradbook==1\n");
    await run(root);
  } finally {
    if (PATH !== undefined) process.env.PATH = PATH;
    await rm(root, { recursive: true });
  }
}

test("refuses a machine without Python, with the cure, and leaves neither .venv nor lock", () =>
  withoutPath(async (root) => {
    await assert.rejects(
      prepareJupyter(root, () => undefined),
      {
        name: "GradbookError",
        message:
          /^JupyterLab: there is no Python on this machine, expected Python 3\.10 or newer with venv\. Install it/,
      },
    );
    assert.equal(existsSync(join(root, ".venv")), false);
    assert.deepEqual(await readdir(join(root, ".cache")), []);
  }));

test(
  "refuses a Python that cannot make environments, saying what it lacks",
  { skip: process.platform === "win32" },
  () =>
    withoutPath(async (root) => {
      const script = "#!/bin/sh\necho \"No module named 'ensurepip'\"\nexit 1\n";
      await writeFile(join(root, "bin/python3"), script, { mode: 0o755 });
      await assert.rejects(
        prepareJupyter(root, () => undefined),
        { message: /no Python can be used \(python3: No module named 'ensurepip'\)/ },
      );
    }),
);

test("a lock whose owner is dead is void", () =>
  withoutPath(async (root) => {
    await mkdir(join(root, ".cache"));
    const dead = spawnSync(process.execPath, ["-e", ""]);
    await writeFile(join(root, ".cache/jupyter.lock"), String(dead.pid));
    await assert.rejects(
      prepareJupyter(root, () => undefined),
      { message: /there is no Python/ },
    );
  }));
