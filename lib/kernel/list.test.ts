import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sha256 } from "@gradbook/base";
import { writeKernelSpec } from "./install.js";
import { installedKernels, listKernels } from "./list.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-test-"));
const data = join(root, "jupyter");
const variables = { JUPYTER_DATA_DIR: data, JUPYTER_PATH: join(root, "other") };
const old = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
before(() => Object.assign(process.env, variables));
after(() => {
  for (const [name, value] of Object.entries(old)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(root, { recursive: true });
});
const ours = () => installedKernels().filter(({ folder }) => folder.startsWith(root));

test("nothing is installed: it says how", () => {
  assert.deepEqual(ours(), []);
  if (installedKernels().length === 0)
    assert.match(listKernels("gradbook kernel"), /gradbook kernel install installs one/);
});

test("each kernel of ours with its folder; another's, a broken and a changed one are not ours", () => {
  for (const name of ["tslab", "gradbook"]) writeKernelSpec(data, name);
  writeKernelSpec(join(root, "other"), "jslab");
  const put = (name: string, text: string) => {
    mkdirSync(join(data, "kernels", name), { recursive: true });
    writeFileSync(join(data, "kernels", name, "kernel.json"), text);
  };
  put("python3", JSON.stringify({ argv: ["python3", "-m", "ipykernel_launcher"], metadata: {} }));
  put("broken", "{");
  writeKernelSpec(data, "changed");
  const changed = join(data, "kernels", "changed", "kernel.json");
  writeFileSync(changed, readFileSync(changed, "utf8").replace("message", "signal"));
  mkdirSync(join(data, "kernels", "empty"));
  assert.deepEqual(
    ours().map(({ name, missing }) => [name, missing]),
    [
      ["jslab", undefined],
      ["gradbook", undefined],
      ["tslab", undefined],
    ],
  );
  assert.match(listKernels("gradbook kernel"), /^jslab {5}.*other.kernels.jslab\ngradbook {2}.*\ntslab {5}/m);
});

test("a kernel whose gradbook has gone cannot start, and what to do is said", () => {
  const folder = join(data, "kernels", "gone");
  const spec = {
    argv: [process.execPath, "/moved/away/kernel/bin.js", "--connection-file", "{connection_file}"],
    ...{ display_name: "x", language: "typescript", interrupt_mode: "message" },
  };
  const metadata = { debugger: false };
  const written = sha256(JSON.stringify({ ...spec, metadata }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "kernel.json"),
    `${JSON.stringify({ ...spec, metadata: { ...metadata, written } }, null, 2)}\n`,
  );
  const [gone] = ours().filter(({ name }) => name === "gone");
  assert.deepEqual(gone, { name: "gone", folder, missing: "/moved/away/kernel/bin.js" });
  assert.match(
    listKernels("gradbook kernel"),
    /cannot start: \/moved\/away\/kernel\/bin\.js has gone\. gradbook kernel install --name gone/,
  );
});
