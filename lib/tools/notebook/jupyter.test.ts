import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { host } from "@gradbook/base";
import { prepareJupyter } from "./jupyter.js";

// That it works is seen in tests/jupyterlab.test.ts and tests/nbconvert.test.ts; here is what it refuses.

async function withoutPath(run: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  const { PATH } = process.env;
  process.env.PATH = join(root, "bin");
  try {
    await mkdir(join(root, "bin"));
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
    assert.deepEqual(await readdir(join(root, ".cache")), [".gitignore"]);
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
    await writeFile(join(root, ".cache/jupyter.lock"), `${host} ${dead.pid}`);
    await assert.rejects(
      prepareJupyter(root, () => undefined),
      { message: /there is no Python/ },
    );
  }));

/** Answers the probe, makes an environment by copying itself, and lists what pip is asked for. */
const standInPython = `#!/bin/sh
case "$*" in
  *"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
  *"-m pip install"*) for last; do :; done; cat "$last" > "\${0%/*}/../installed" ;;
esac
`;

const unix = { skip: process.platform === "win32" && "the stand-in for Python is a shell script" };

async function prepared(root: string): Promise<{ python: string; log: string[] }> {
  const log: string[] = [];
  await writeFile(join(root, "bin/python3"), standInPython, { mode: 0o755 });
  const { PATH = "" } = process.env;
  process.env.PATH = `${join(root, "bin")}:/usr/bin:/bin`;
  try {
    return { python: (await prepareJupyter(root, (text) => log.push(text))).python, log };
  } finally {
    process.env.PATH = PATH;
  }
}

test("installs the package's own requirements, whatever the project's say, once", unix, () =>
  withoutPath(async (root) => {
    await writeFile(join(root, "requirements.txt"), "somebody-elses-package\n");
    const { python, log } = await prepared(root);
    assert.equal(python, join(root, ".venv/bin/python"));
    assert.match(await readFile(join(root, ".venv/installed"), "utf8"), /^jupyterlab==[\d.]+\n/);
    assert.deepEqual(
      log.map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["Making .venv", "Installing JupyterLab"],
    );
    assert.deepEqual((await prepared(root)).log, []);
    for (const name of [".venv", ".cache"])
      assert.equal(await readFile(join(root, name, ".gitignore"), "utf8"), "*\n");
  }),
);

test("an environment of ours that was cut short is made anew", unix, () =>
  withoutPath(async (root) => {
    await prepared(root);
    for (const name of ["bin", ".gradbook-installed"])
      await rm(join(root, ".venv", name), { recursive: true });
    assert.equal((await prepared(root)).python, join(root, ".venv/bin/python"));
  }),
);

const others: readonly [title: string, make: (venv: string) => Promise<unknown>][] = [
  ["with an environment of somebody's own", (venv) => mkdir(join(venv, "bin"), { recursive: true })],
  ["that is empty", (venv) => mkdir(venv)],
  ["that is a link", (venv) => symlink("elsewhere", venv)],
  ["that is a file", (venv) => writeFile(venv, "mine")],
];

for (const [title, make] of others) {
  test(`a .venv ${title} is left alone; where both names are taken, nothing is done`, unix, () =>
    withoutPath(async (root) => {
      await make(join(root, ".venv"));
      const before = await readdir(join(root, ".venv")).catch(String);
      assert.equal((await prepared(root)).python, join(root, ".venv-gradbook/bin/python"));
      await rm(join(root, ".venv-gradbook"), { recursive: true });
      await make(join(root, ".venv-gradbook"));
      await assert.rejects(prepared(root), {
        message:
          /its \.venv and \.venv-gradbook are not gradbook's, .* They were not touched\. Rename one of them\./,
      });
      assert.deepEqual(await readdir(join(root, ".venv")).catch(String), before);
    }),
  );
}
