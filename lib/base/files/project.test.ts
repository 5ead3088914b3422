import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findProject } from "./project.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-project-")));
after(() => rmSync(root, { recursive: true, force: true }));

/** A tree of folders (ending in /), files with their text, and links. */
type Tree = Readonly<Record<string, string | { readonly link: string }>>;

const cases: readonly [title: string, tree: Tree, from: string, project: string][] = [
  ["notebooks/ here", { "p/notebooks/": "" }, "p", "p"],
  ["notebooks/ above, from inside of it", { "p/notebooks/deep/": "" }, "p/notebooks/deep", "p"],
  [
    "gradbook among the dependencies",
    { "p/package.json": '{"dependencies":{"gradbook":"1"}}', "p/a/": "" },
    "p/a",
    "p",
  ],
  [
    "among the development ones",
    { "p/package.json": '{"devDependencies":{"gradbook":"1"}}', "p/a/": "" },
    "p/a",
    "p",
  ],
  ["installed without being named", { "p/node_modules/gradbook/": "", "p/a/b/": "" }, "p/a/b", "p"],
  [
    "installed by a link",
    { "g/": "", "p/node_modules/": "", "p/node_modules/gradbook": { link: "../../g" }, "p/a/": "" },
    "p/a",
    "p",
  ],
  ["data that was fetched", { "p/data/mnist/": "", "p/a/": "" }, "p/a", "p"],
  ["the other data", { "p/data/cifar10/": "", "p/a/": "" }, "p/a", "p"],
  ["the nearest one counts", { "p/notebooks/": "", "p/q/notebooks/": "", "p/q/a/": "" }, "p/q/a", "p/q"],
  [
    "a package.json of something else does not",
    { "p/notebooks/": "", "p/a/package.json": '{"type":"module"}' },
    "p/a",
    "p",
  ],
  ["a package.json that is damaged does not", { "p/notebooks/": "", "p/a/package.json": "{" }, "p/a", "p"],
  [
    "nor one that is null, or a list",
    { "p/a/package.json": "null", "p/a/b/package.json": '[{"dependencies":1}]' },
    "p/a/b",
    "p/a/b",
  ],
  ["a file notebooks does not", { "p/notebooks": "", "p/a/": "" }, "p/a", "p/a"],
  ["a link in a circle does not", { "p/a/": "", "p/notebooks": { link: "notebooks" } }, "p/a", "p/a"],
  ["a folder data of one's own does not", { "p/data/raw/": "", "p/a/": "" }, "p/a", "p/a"],
  ["nothing: the folder itself", { "p/a/": "" }, "p/a", "p/a"],
  ["spaces, umlauts, emoji", { "p q ü 😀/notebooks/": "", "p q ü 😀/a/": "" }, "p q ü 😀/a", "p q ü 😀"],
  ["a folder that is not there (yet)", { "p/notebooks/": "" }, "p/x/y", "p"],
];

for (const [title, tree, from, project] of cases) {
  test(`the project: ${title}`, () => {
    const base = mkdtempSync(join(root, "t-"));
    for (const [path, content] of Object.entries(tree)) {
      const at = join(base, path);
      mkdirSync(path.endsWith("/") ? at : join(at, ".."), { recursive: true });
      if (typeof content === "object") symlinkSync(content.link, at);
      else if (!path.endsWith("/")) writeFileSync(at, content);
    }
    assert.equal(findProject(join(base, from)), join(base, project));
  });
}
