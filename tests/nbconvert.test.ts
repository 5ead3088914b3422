import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseNotebook } from "#kernel/jupyter/read-ipynb.js";
import { prepareJupyter } from "#tools/notebook/jupyter.js";
import { complaints, countPictures } from "./support/figures.js";
import { notebookUnderTest, workFolder } from "./support/jupyterlab.js";
import { realMnist } from "./support/mnist-mirror.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const notebook = notebookUnderTest(root);

test(`jupyter nbconvert --execute ${basename(notebook)}`, { timeout: 300_000 }, async () => {
  const jupyter = await prepareJupyter(root, (text) => console.log(text));
  const folder = await workFolder(root);
  try {
    await copyFile(notebook, join(folder.path, "in.ipynb"));
    const args = ["-m", "nbconvert", "--to", "notebook", "--execute", "--output", "out.ipynb", "in.ipynb"];
    const { code, said } = await run(jupyter.python, args, folder.path, {
      ...jupyter.env,
      GRADBOOK_SCALE: "quick",
      GRADBOOK_DATA: await realMnist(root),
      JUPYTER_CONFIG_DIR: join(folder.path, "config"),
      JUPYTER_DATA_DIR: join(folder.path, "data"),
      JUPYTER_RUNTIME_DIR: join(folder.path, "runtime"),
      IPYTHONDIR: join(folder.path, "ipython"),
    });
    assert.equal(code, 0, said);
    const executed = parseNotebook(await readFile(join(folder.path, "out.ipynb"), "utf8"), "out.ipynb");
    assert.deepEqual(complaints(executed), []);
    assert.ok(countPictures(executed) > 0, "the notebook shows no picture at all");
  } finally {
    await folder.remove();
  }
});

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, said };
}
