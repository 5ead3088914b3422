// tsconfig.json as the checker, the translation and the loader see it: each case is a small project with a notebook in nb/.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type CellResult, TestKernel } from "./support/kernel.js";

type Files = Readonly<Record<string, string | object>>;

class Project {
  readonly root: string;
  readonly kernel: TestKernel;

  private constructor(root: string, kernel: TestKernel) {
    this.root = root;
    this.kernel = kernel;
  }

  static async start(files: Files): Promise<Project> {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-tsconfig-")));
    write(root, { "package.json": { name: "project", type: "module" }, "nb/.keep": "", ...files });
    return new Project(root, await TestKernel.start({ cwd: join(root, "nb") }));
  }

  write(files: Files): void {
    write(this.root, files);
  }

  async result(code: string): Promise<string | undefined> {
    const { error, traceback, result } = await this.kernel.run(code);
    assert.equal(error, undefined, `${code}\n${traceback}`);
    return result;
  }

  /** Of a cell that must fail, without the folder's own name. */
  async error(code: string): Promise<string> {
    const { error, result } = await this.kernel.run(code);
    assert.notEqual(error, undefined, `${code} gave ${result}`);
    return String(error).replaceAll(this.root, "…");
  }

  run(code: string): Promise<CellResult> {
    return this.kernel.run(code);
  }

  async end(): Promise<void> {
    assert.equal(await this.kernel.shutdown(), 0);
    rmSync(this.root, { recursive: true });
  }
}

function write(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

function inProject(title: string, files: Files, work: (project: Project) => Promise<void>): void {
  test(title, async () => {
    const project = await Project.start(files);
    try {
      await work(project);
      await project.end();
    } finally {
      project.kernel.close();
    }
  });
}

// ---- extends --------------------------------------------------------------------------------------------------------

const decorated =
  "function legacy(target: any, key: string) { console.log(typeof target, typeof key, arguments.length) }\nclass Decorated { @legacy method() {} }";
const on = { compilerOptions: { experimentalDecorators: true, strict: false } };

for (const [title, files] of Object.entries<Files>({
  "in the file itself": { "tsconfig.json": on },
  "behind a slash in an earlier line": {
    "tsconfig.json":
      '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] }, "experimentalDecorators": true } }',
  },
  "in a base file": { "tsconfig.json": { extends: "./tsconfig.base.json" }, "tsconfig.base.json": on },
  "in a base file named without its ending": { "tsconfig.json": { extends: "./base" }, "base.json": on },
  "in a base of a base in another folder": {
    "tsconfig.json": { extends: "./config/a.json" },
    "config/a.json": { extends: "../more/b.json" },
    "more/b.json": on,
  },
  "in the last of a list": {
    "tsconfig.json": { extends: ["./a.json", "./b.json"] },
    "a.json": { compilerOptions: { experimentalDecorators: false } },
    "b.json": on,
  },
  "in a package": {
    "tsconfig.json": { extends: "@base/config" },
    "node_modules/@base/config/tsconfig.json": on,
  },
  "in a file of a package": {
    "tsconfig.json": { extends: "base/strict" },
    "node_modules/base/strict.json": on,
  },
  "where a package's manifest says": {
    "tsconfig.json": { extends: "base" },
    "node_modules/base/package.json": { tsconfig: "./deep/config.json" },
    "node_modules/base/deep/config.json": on,
  },
  "where a package's exports say": {
    "tsconfig.json": { extends: "base/node" },
    "node_modules/base/package.json": { exports: { "./node": "./configs/node.json" } },
    "node_modules/base/configs/node.json": on,
  },
  "among comments, with commas at the end and a byte order mark": {
    "tsconfig.json":
      '\ufeff// why\n{ /* and */ "extends": "./base.json", "compilerOptions": { "experimentalDecorators": true, }, }\n// end',
    "base.json": '{ "compilerOptions": { "experimentalDecorators": false, "strict": false } }',
  },
  "beside the notebook": {
    "tsconfig.json": { compilerOptions: {} },
    "nb/tsconfig.json": { extends: "../base.json" },
    "base.json": on,
  },
})) {
  inProject(`experimentalDecorators ${title}`, files, async (project) => {
    const { stdout, traceback } = await project.run(decorated);
    assert.equal(stdout, "object string 3\n", traceback);
  });
}

for (const [title, files] of Object.entries<Files>({
  "there is no tsconfig.json": {},
  "a nearer file turns them off": {
    "tsconfig.json": { extends: "./base.json", compilerOptions: { experimentalDecorators: false } },
    "base.json": on,
  },
  "a nearer file takes them back": {
    "tsconfig.json": { extends: "./base.json", compilerOptions: { experimentalDecorators: null } },
    "base.json": on,
  },
})) {
  inProject(`today's decorators where ${title}`, files, async (project) => {
    const { stdout } = await project.run(`// @ts-nocheck\n${decorated}`);
    assert.equal(stdout, "function object 2\n");
  });
}

for (const [title, files, wanted] of [
  [
    "a base that is not there",
    { "tsconfig.json": { extends: "./none.json" } },
    /^GradbookError: …\/tsconfig\.json: "extends": "\.\/none\.json", which is not there, expected a tsconfig\.json to take options from\. Is it spelled right\?$/,
  ],
  [
    "a base named without ./",
    { "tsconfig.json": { extends: "base.json" }, "base.json": on },
    /"base\.json", which is not there.* A file beside it is named with "\.\/": "\.\/base\.json"\.$/,
  ],
  [
    "a package that is not installed",
    { "tsconfig.json": { extends: "@tsconfig/none" } },
    /"@tsconfig\/none", which is not there.* A package that package\.json lists is installed by npm install\.$/,
  ],
  [
    "a file that extends itself",
    { "tsconfig.json": { extends: "./a.json" }, "a.json": { extends: "./tsconfig.json" } },
    /tsconfig\.json: it extends itself \(…\/tsconfig\.json → …\/a\.json → …\/tsconfig\.json\)\.$/,
  ],
  [
    "a comma that is missing",
    { "tsconfig.json": '{ "compilerOptions": {\n  "strict": true\n  "target": "es2022" } }' },
    /…\/tsconfig\.json: line 3, column 3: a comma or a bracket is missing, or one too many, expected JSON, comments allowed\.$/,
  ],
  [
    "a broken base",
    { "tsconfig.json": { extends: "./base.json" }, "base.json": "{ " },
    /…\/base\.json: line 1, column 3: something is missing at the end/,
  ],
  [
    "single quotes",
    { "tsconfig.json": "{ 'compilerOptions': {} }" },
    /line 1, column 3: names need double quotes/,
  ],
  ["a list for a file", { "tsconfig.json": "[]" }, /the whole file is \[\], expected an object/],
  [
    "an option of the wrong kind",
    { "tsconfig.json": { compilerOptions: { experimentalDecorators: "yes" } } },
    /"experimentalDecorators" is "yes", expected true or false\.$/,
  ],
  [
    "a path with two stars",
    { "tsconfig.json": { compilerOptions: { paths: { "@/*/*": ["./src/*"] } } } },
    /"paths" is .*, expected arrays of strings by pattern, with at most one \* in each\.$/,
  ],
  [
    "a plugin that transforms code",
    {
      "tsconfig.json": {
        compilerOptions: { plugins: [{ name: "next" }, { transform: "typia/lib/transform" }] },
      },
    },
    /a plugin transforms the code \("transform": "typia\/lib\/transform"\), expected code that means what TypeScript says\. A tsconfig\.json in the notebook's folder that takes it back: \{ "extends": "…\/tsconfig\.json", "compilerOptions": \{ "plugins": \[\] \} \}\.$/,
  ],
] as const) {
  inProject(`refuses ${title}`, files, async (project) => {
    assert.match(await project.error("1 + 1"), wanted);
    project.write({ "tsconfig.json": {} });
    assert.equal(await project.result("1 + 1"), "2", "and goes on when it is mended");
  });
}

// ---- paths ----------------------------------------------------------------------------------------------------------

const aliases: Files = {
  "tsconfig.json": {
    compilerOptions: {
      paths: {
        "@/*": ["./src/*"],
        "~util": ["./src/util/index.ts"],
        "multi/*": ["./none/*", "./src/*"],
        "*.data": ["./src/*.ts"],
        path: ["./src/own-path.ts"],
      },
    },
  },
  "src/util.ts": "export const a: number = 1;",
  "src/util/index.ts": "import { a } from '@/util'; export const u = a + 1;",
  "src/b.ts":
    "import { u } from '~util'; export const b = u + 1; export const load = async () => (await import('@/util')).a; export const url = import.meta.resolve('@/util.ts');",
  "src/own-path.ts": "export const sep = 5;",
  "src/old.cjs": "exports.b = require('./b').b;",
};

inProject("aliases mean the same in every form of import, and to the checker", aliases, async (project) => {
  for (const [code, wanted] of [
    ['import { a } from "@/util"; a', "1"],
    ['import { a as a2 } from "@/util.ts"; a2', "1"],
    ['import { a as a3 } from "@/util.js"; a3', "1"],
    ['import { u } from "~util"; u', "2"],
    ['import { b, load, url } from "@/b"; [b, await load(), url.split("/").at(-1)]', "[ 3, 1, 'util.ts' ]"],
    ['import { b as b2 } from "multi/b"; b2', "3"],
    ['import { b as b3 } from "b.data"; b3', "3"],
    ['import { sep as own } from "path"; own', "'/'"],
    ['(await import("@/util")).a', "1"],
    ['import required = require("@/util"); required.a', "1"],
    ['require("@/util").a', "1"],
    ['require("@/old.cjs").b', "3"],
    [
      '[require.resolve("@/util"), import.meta.resolve("@/util.ts")].map((it) => it.split("/").at(-1))',
      "[ 'util.ts', 'util.ts' ]",
    ],
  ])
    assert.equal(await project.result(code), wanted, code);
  assert.match(
    await project.error('import { a } from "@/util"; const text: string = a'),
    /Type 'number' is not assignable/,
  );
});

inProject("what stands behind an alias is read again when it has changed", aliases, async (project) => {
  assert.equal(
    await project.result('import { a } from "@/util"; import { b } from "@/b"; [a, b]'),
    "[ 1, 3 ]",
  );
  project.write({ "src/util.ts": "export const a: string = 'x';" });
  assert.equal(
    await project.result('import { a } from "@/util"; import { b } from "@/b"; [a.length, b]'),
    "[ 1, 'x11' ]",
  );
});

const leads = /"@\/\*" of "paths" in …\/tsconfig\.json leads to …\/src\/nothing, which is not there\.$/;
inProject(
  "an alias that leads nowhere is named with its target, and nobody is told to install it",
  aliases,
  async (project) => {
    for (const code of [
      'import "@/nothing"',
      'import x from "@/nothing"',
      '// @ts-nocheck\nimport "@/nothing"',
      'require("@/nothing")',
      'await import("@/nothing" as string)',
      'import.meta.resolve("@/nothing")',
    ])
      assert.match(await project.error(code), leads, code);
    for (const [name, wanted] of [
      ["~other/x", /"~other" is not a package name\. No entry of "paths" in …\/tsconfig\.json matches it\.$/],
      ["@", /"@" is not a package name\./],
      ["$lib/x", /"\$lib" is not a package name\./],
      ["#nothing", /"imports" of …\/package\.json leads to no such file\.$/],
      ["src/util", /src stands in …: "\.\.\/src" leads there from here\./],
      [
        "multi/none",
        /"multi\/\*" of "paths" in \S+ leads to …\/none\/none or …\/src\/none, which is not there\.$/,
      ],
    ] as const)
      for (const above of ["", "// @ts-nocheck\n"]) {
        const error = await project.error(`${above}import x from "${name}"`);
        assert.match(error, wanted);
        assert.doesNotMatch(error, /npm install/);
      }
    assert.match(
      await project.error('// @ts-nocheck\nimport x from "not-there"'),
      / npm install not-there in that folder installs it\.$/,
    );
    project.write({ "package.json": { type: "module", devDependencies: { "not-there": "1" } } });
    assert.match(
      await project.error('// @ts-nocheck\nimport x from "not-there"'),
      / package\.json lists not-there: npm install in that folder installs it\.$/,
    );
  },
);

inProject("without a tsconfig.json that is what is said of an alias", {}, async (project) => {
  assert.match(
    await project.error('// @ts-nocheck\nimport "@/util"'),
    /"@" is not a package name\. Aliases are defined in "paths" of a tsconfig\.json at or above the notebook, and there is none\.$/,
  );
});

inProject(
  "paths of a base file start from its folder",
  {
    "tsconfig.json": { extends: "./config/base.json" },
    "config/base.json": {
      compilerOptions: { paths: { "@/*": ["../src/*"], "$/*": ["$\u007bconfigDir}/nb/*"] } },
    },
    "src/a.ts": "export const a = 1",
    "nb/c.ts": "export const c = 2",
  },
  async (project) => {
    assert.equal(await project.result('import { a } from "@/a"; import { c } from "$/c"; a + c'), "3");
  },
);

inProject(
  "baseUrl, rootDirs, moduleSuffixes and customConditions",
  {
    "tsconfig.json": {
      compilerOptions: {
        baseUrl: "./src",
        paths: { "@/*": ["deep/*"] },
        rootDirs: ["./nb", "./made"],
        moduleSuffixes: [".node", ""],
        customConditions: ["source"],
      },
    },
    "src/deep/x.ts": "export const x = 1;",
    "src/@/y.ts": "export const y = 2;",
    "made/here.ts": "export const made = 3;",
    "src/some.ts": "export const some = 'plain';",
    "src/some.node.ts": "export const some = 'node';",
    "node_modules/pack/package.json": {
      name: "pack",
      exports: { ".": { source: "./source.ts", default: "./built.js" } },
    },
    "node_modules/pack/source.ts": "export const from: string = 'source';",
    "node_modules/pack/built.js": "exports.from = 'built';",
  },
  async (project) => {
    for (const [code, wanted] of [
      ['import { x } from "@/x"; x', "1"],
      ['import { x as x2 } from "deep/x"; x2', "1"],
      ['import { y } from "@/y"; y', "2"],
      ['import { made } from "./here"; made', "3"],
      ['import { some } from "some"; some', "'node'"],
      ['import { from } from "pack"; from', "'source'"],
      ['import { fit } from "gradbook"; typeof fit', "'function'"],
    ])
      assert.equal(await project.result(code), wanted, code);
    const wanted =
      /"baseUrl" in …\/tsconfig\.json leads to …\/src\/deep\/none, which is not there\. No package deep is installed either\.$/;
    assert.match(await project.error('import "deep/none"'), wanted);
  },
);

inProject(
  "types of an alias do not stand in the way of the package",
  {
    "tsconfig.json": { compilerOptions: { paths: { "*": ["./types/*"], vendor: ["./types/vendor.d.ts"] } } },
    "types/pack.d.ts": "export const n: number;",
    "types/vendor.d.ts": "export const v: number;",
    "types/alone.d.ts": "export const v: number;",
    "node_modules/pack/index.js": "exports.n = 1;",
    "node_modules/vendor/index.js": "exports.v = 2;",
  },
  async (project) => {
    assert.equal(await project.result('import { n } from "pack"; import { v } from "vendor"; n + v'), "3");
    assert.match(
      await project.error('import { v } from "alone"; v'),
      /ModuleNotFound: .* Only its types are installed \(…\/types\/alone\.d\.ts\)\./,
    );
  },
);

inProject(
  "a file beside its translation: the one that was checked runs",
  {
    "nb/both.ts": "export const which: string = 'ts';",
    "nb/both.js": "export const which = 'js';",
    "nb/typed.js": "export const n = 1;",
    "nb/typed.d.ts": "export const n: number;",
  },
  async (project) => {
    assert.equal(
      await project.result(
        'import { which } from "./both.js"; import { which as w } from "./both"; [which, w]',
      ),
      "[ 'ts', 'ts' ]",
    );
    assert.equal(await project.result('import { n } from "./typed"; n'), "1");
    project.write({ "nb/typed.ts": "export const n = 2;" });
    assert.equal(await project.result('import { n } from "./typed"; n'), "2", "a file that has appeared");
  },
);

// ---- what code does -------------------------------------------------------------------------------------------------

const fields = {
  "nb/fields.ts":
    "class P { set x(_: number) { Object.assign(this, { seen: true }) } } class C extends P { x = 5 } export const keys = Object.keys(new C());",
};
const fieldCell =
  "class P { set x(_: number) { Object.assign(this, { seen: true }) } }\n// @ts-ignore\nclass C extends P { x = 5 }\nObject.keys(new C())";

inProject(
  "class fields as target and useDefineForClassFields say, also when they change",
  { ...fields, "tsconfig.json": {} },
  async (project) => {
    for (const [compilerOptions, wanted] of [
      [{}, "x"],
      [{ target: "ES2020" }, "seen"],
      [{ target: "es2022" }, "x"],
      [{ target: "ES2020", useDefineForClassFields: true }, "x"],
      [{ target: "ESNext", useDefineForClassFields: false }, "seen"],
      [{ target: "ES6" }, "seen"],
    ] as const) {
      project.write({ "tsconfig.json": { compilerOptions } });
      const words = JSON.stringify(compilerOptions);
      assert.equal(
        await project.result('import { keys } from "./fields.ts"; keys'),
        `[ '${wanted}' ]`,
        words,
      );
      assert.equal(await project.result(fieldCell), `[ '${wanted}' ]`, words);
    }
  },
);

inProject(
  "imports for their effect as verbatimModuleSyntax says; JavaScript keeps all",
  {
    "tsconfig.json": {},
    "nb/effect.ts":
      "const count = globalThis as { count?: number }; count.count = (count.count ?? 0) + 1; export const e = 1;",
    "nb/user.ts": "import { e } from './effect'; export const u = 1;",
    "nb/script.js": "import { e } from './effect.ts'; export const compared = 1 < 2 > (1);",
  },
  async (project) => {
    const count = "(globalThis as { count?: number }).count";
    assert.equal(await project.result(`import { u } from "./user.ts"; ${count} === undefined`), "true");
    assert.equal(
      await project.result(`import { compared } from "./script.js"; [${count}, compared]`),
      "[ 1, false ]",
    );
    project.write({ "tsconfig.json": { compilerOptions: { verbatimModuleSyntax: true } } });
    assert.equal(await project.result(`import { u } from "./user.ts"; u + ${count}!`), "3");
  },
);

inProject(
  "decorators whose metadata is asked for are refused by name, nothing else is",
  {
    "tsconfig.json": { extends: "./base" },
    "base.json": { compilerOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    "nb/entity.ts": "function column(_: unknown, __: string) {} export class Entity { @column id = 1 }",
    "nb/plain.ts": "export class Plain { id = 1 }",
  },
  async (project) => {
    const wanted =
      /GradbookError: …\/tsconfig\.json: "emitDecoratorMetadata": true, and the code has decorators, expected .* Import it as compiled by tsc, or: A tsconfig\.json in the notebook's folder .*"emitDecoratorMetadata": false \} \}\.$/;
    assert.match(await project.error(decorated), wanted);
    assert.match(await project.error('import { Entity } from "./entity.ts"; new Entity()'), wanted);
    assert.equal(await project.result('import { Plain } from "./plain.ts"; new Plain()'), "Plain { id: 1 }");
    project.write({
      "nb/tsconfig.json": { extends: "../tsconfig.json", compilerOptions: { emitDecoratorMetadata: false } },
    });
    assert.equal(
      await project.result('import { Entity } from "./entity.ts"; new Entity()'),
      "Entity { id: 1 }",
      "the cure",
    );
  },
);

inProject(
  "JSX in files, as jsx says",
  {
    "tsconfig.json": { compilerOptions: { jsx: "preserve" } },
    "nb/view.tsx":
      'export const view = <p id="a">{1 + 1}</p>;\ndeclare global { namespace JSX { interface IntrinsicElements { p: object } } }',
    "nb/none.tsx": "export const same = <T,>(x: T): T => x;",
    "node_modules/mini/jsx-runtime.js": "exports.jsx = (type, props) => ({ type, props });",
    "node_modules/mini/package.json": {
      exports: { "./jsx-runtime": { types: "./jsx.d.ts", default: "./jsx-runtime.js" } },
    },
    "node_modules/mini/jsx.d.ts":
      "export namespace JSX { interface IntrinsicElements { p: object } } export const jsx: Function;",
  },
  async (project) => {
    assert.equal(await project.result('import { same } from "./none"; same(5)'), "5");
    assert.match(
      await project.error('import { view } from "./view"; view'),
      /GradbookError: …\/nb\/view\.tsx: it has JSX, and "jsx" is "preserve", which leaves it as it is, in …\/tsconfig\.json, expected "react", "react-jsx" or "react-jsxdev"\. "compilerOptions": \{ "jsx": "react-jsx" \}/,
    );
    project.write({ "tsconfig.json": { compilerOptions: { jsx: "react-jsx" } } });
    assert.match(
      await project.error('// @ts-nocheck\nimport { view } from "./view"; view'),
      /Cannot find "react\/jsx-runtime" from …\/nb\/view\.tsx\. npm install react in its folder/,
    );
    project.write({ "tsconfig.json": { compilerOptions: { jsx: "react-jsx", jsxImportSource: "mini" } } });
    assert.equal(
      await project.result('import { view } from "./view"; view'),
      "{ type: 'p', props: { id: 'a', children: 2 } }",
    );
    project.write({ "tsconfig.json": {} });
    assert.match(await project.error('import { same } from "./none"; same(5)'), /TS6142/);
    assert.match(
      await project.error('// @ts-nocheck\nimport { view } from "./view"; view'),
      /it has JSX, and there is no "jsx" in …\/tsconfig\.json/,
    );
  },
);

inProject(
  "a package.json that is broken is named",
  { "tsconfig.json": {}, "node_modules/broken/package.json": "{", "node_modules/broken/index.js": "" },
  async (project) => {
    assert.match(
      await project.error('// @ts-nocheck\nimport "broken"'),
      /GradbookError: …\/node_modules\/broken\/package\.json: .*, expected JSON\.$/,
    );
  },
);
