// Digests of the compiled code, written to digests.json by the build and read by lib/base/files/code-digests.ts: they
// say what a change of the library concerns. Plain JavaScript, because the build calls it.
//
// A module counts by its syntax tree, so by neither comments nor spaces, and an import counts by the *content* of the
// module that defines the name, followed through re-exports: no digest knows a path, an order or an entry file, and
// moving a module changes none.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const lib = join(dirname(fileURLToPath(import.meta.url)), "../../lib");
// the kernel's, which is newer than what lies in the root
const { parse, version } = createRequire(join(lib, "kernel/package.json"))("acorn");
// an older one takes ecmaVersion "latest" for no version at all, and never ends
if (Number.parseInt(version, 10) < 8)
  throw new Error(`code-digests: acorn ${version}, expected 8 or newer. Install the packages again: npm ci.`);

const compiled = (name, file) => join(lib, name, "dist", file);
const packages = ["base", "kernel", "core", "doctor", "tools", "gradbook"];

/** Everything that this file knows of where code lies. */
export const layout = {
  /** What the paths below are relative to, so that no folder above can have a say. */
  root: lib,
  /** Where compiled modules are. */
  folders: packages.map((name) => compiled(name, "")),
  /** What notebooks import by the name gradbook. */
  entry: compiled("gradbook", "index.js"),
  /** Entry files of packages that our modules import by name. */
  packages: {
    "@gradbook/base": compiled("base", "index.js"),
    "@gradbook/core": compiled("core", "index.js"),
    "@gradbook/core/internal": compiled("core", "internal.js"),
    "@gradbook/doctor": compiled("doctor", "index.js"),
    "@gradbook/doctor/internal": compiled("doctor", "internal.js"),
    "@gradbook/kernel/internal": compiled("kernel", "internal.js"),
    "@gradbook/tools/render": compiled("tools", "render/index.js"),
  },
  /** The package.json files whose dependencies count by their versions. */
  manifests: packages.map((name) => join(lib, name, "package.json")),
  /**
   * Draws what is there already: what a notebook reaches ends here. The builders of figures do not belong to it: the
   * JSON that they make is among the outputs of the notebook, and the report draws from that JSON alone.
   */
  isDrawing: (path) => path.startsWith("tools/dist/render/"),
  /** Turns an executed notebook into the files of a report. */
  rendering: compiled("tools", "report/build.js"),
  /** The process that makes the runs of a sweep. */
  worker: compiled("core", "sweep/engines/run-job.js"),
  /** Where a training that is not a module of its own may take its code from. */
  isTraining: (path) => /\/(?:datasets|layers|losses|optimizers|schedules|tensor|train)\//.test(path),
  /** One copy for each package whose compiled code asks for it. */
  targets: [compiled("base", "digests.json"), compiled("gradbook", "digests.json")],
};

/**
 * @returns `exports`: for each name of the entry the digest of all code that it reaches, drawing left out; `rendering`,
 *   `worker` and `training`: likewise, drawing left out of the last two only
 */
export function codeDigests({ root, entry, packages, manifests, rendering, worker, ...is }, read) {
  const inRoot = (file) => relative(root, file).replaceAll("\\", "/");
  const isDrawing = (file) => is.isDrawing(inRoot(file));
  const isTraining = (file) => is.isTraining(inRoot(file));
  const code = new Code(packages, versionsIn(manifests), isDrawing, read);
  const exported = code.exportsOf(entry).map((name) => [name, code.definers(entry, name)]);
  const executed = (files) => code.digest(files, (file) => !isDrawing(file));
  // its worker is a process that it names by a path
  const reached = ([name, files]) => [name, executed(name === "sweep" ? [...files, worker] : files)];
  return {
    exports: Object.fromEntries(exported.map(reached).sort(byText)),
    training: executed(exported.flatMap(([, files]) => files).filter(isTraining)),
    worker: executed([worker]),
    rendering: code.digest([rendering], () => true),
  };
}

/** Writes the digests, unless nothing has been compiled since they were written. */
export function writeCodeDigests() {
  const { targets, folders, manifests } = layout;
  const compiled = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith(".js"))
      .map((file) => join(folder, file)),
  );
  const newest = Math.max(...[...compiled, ...manifests, fileURLToPath(import.meta.url)].map(changedAt));
  if (targets.every((file) => existsSync(file) && changedAt(file) > newest)) return;
  const text = `${JSON.stringify(codeDigests(layout), null, 1)}\n`;
  for (const file of targets) writeFileSync(file, text);
}

const changedAt = (file) => statSync(file).mtimeMs;

function versionsIn(manifests) {
  return Object.assign({}, ...manifests.map((file) => JSON.parse(readFileSync(file, "utf8")).dependencies));
}

class Code {
  #modules = new Map();

  constructor(packages, versions, isDrawing, read = (file) => readFileSync(file, "utf8")) {
    Object.assign(this, { packages, versions, isDrawing, read });
  }

  /** One digest for everything that these modules reach. */
  digest(files, isCounted) {
    const reached = new Set();
    const waiting = files.filter(isCounted);
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      const targets = this.#module(file).edges.flatMap((edge) =>
        this.#targets(edge).map(([target]) => target),
      );
      waiting.push(...targets.filter(isCounted));
    }
    return sha256([...new Set([...reached].map((file) => this.#own(file)))].sort());
  }

  exportsOf(file) {
    const { names, forwards } = this.#module(file);
    const starred = forwards.flatMap(({ as, to }) => (as === "*" ? this.exportsOf(to) : []));
    return [...new Set([...names, ...forwards.flatMap(({ as }) => (as === "*" ? [] : [as])), ...starred])];
  }

  /** The modules that define what `file` exports as `name`; all of its exports for `*`. */
  definers(file, name) {
    return this.#defined(file, name).map(([target]) => target);
  }

  /** The modules and the names there. */
  #defined(file, name) {
    const { names, forwards, isBarrel } = this.#module(file);
    if (name === "*") {
      const forwarded = forwards.flatMap(({ name: inner, to }) => this.#defined(to, inner));
      return isBarrel ? forwarded : [[file, "*"], ...forwarded];
    }
    if (names.has(name)) return [[file, name]];
    const forward = forwards.find(({ as }) => as === name);
    if (forward !== undefined) return this.#defined(forward.to, forward.name);
    const stars = forwards.filter(({ as, to }) => as === "*" && this.exportsOf(to).includes(name));
    return stars.flatMap(({ to }) => this.#defined(to, name));
  }

  /** A module's own content, and what it imports. */
  #own(file) {
    const module = this.#module(file);
    module.own ??= sha256([
      module.content,
      module.edges
        .flatMap((edge) => this.#targets(edge).map(([to, name]) => [edge.local, name, this.#content(to)]))
        .map((edge) => JSON.stringify(edge))
        .sort(),
    ]);
    return module.own;
  }

  #targets({ to, name }) {
    return name === "" ? [[to, ""]] : this.#defined(to, name);
  }

  #content(file) {
    return this.isDrawing(file) ? "drawing" : this.#module(file).content;
  }

  #module(file) {
    if (!this.#modules.has(file)) this.#modules.set(file, this.#parse(file));
    return this.#modules.get(file);
  }

  #parse(file) {
    const { body } = parse(this.read(file), { ecmaVersion: "latest", sourceType: "module" });
    const [names, forwards, edges, outside] = [new Set(), [], [], []];
    const to = (specifier) => this.#resolve(specifier, file);
    const kept = body.filter((node) => {
      const { type, source, specifiers = [] } = node;
      const target = source ? to(source.value) : undefined;
      if (type === "ImportDeclaration") {
        const found = specifiers.map((s) => ({ local: s.local.name, name: importedName(s) }));
        if (target === undefined) outside.push([source.value, this.#version(source.value), found]);
        else
          edges.push(
            ...(found.length > 0 ? found : [{ local: "", name: "" }]).map((f) => ({ ...f, to: target })),
          );
        return false;
      }
      if (type === "ExportAllDeclaration" && target !== undefined) {
        forwards.push({ as: node.exported?.name ?? "*", name: "*", to: target });
        return false;
      }
      if (type === "ExportNamedDeclaration" && target !== undefined) {
        for (const s of specifiers) forwards.push({ as: s.exported.name, name: s.local.name, to: target });
        return false;
      }
      for (const name of declaredExports(node)) names.add(name);
      // tsc's mark of a module that exports types only
      return !(type === "ExportNamedDeclaration" && !node.declaration && specifiers.length === 0);
    });
    const texts = outside.map((one) => JSON.stringify(one)).sort();
    this.#write(kept, to, edges, texts);
    const content = sha256(texts);
    return { names, forwards, edges, content, isBarrel: kept.length === 0 && edges.length === 0 };
  }

  /** A module of ours; undefined for a package of others. What is neither would be left out without a word. */
  #resolve(specifier, file) {
    const target = specifier.startsWith(".") ? join(dirname(file), specifier) : this.packages[specifier];
    if (target !== undefined && existsSync(target)) return target;
    const isOurs = target !== undefined || /^(?:\.|@?gradbook(?:\/|$))/.test(specifier);
    if (!isOurs && (isBuiltin(specifier) || this.#version(specifier) !== undefined)) return undefined;
    throw new Error(
      `code-digests: ${file} imports ${specifier}, which is unknown. Name it in layout.packages.`,
    );
  }

  /** Writes a syntax tree as texts: without places, with the files that it names turned into edges to them. */
  #write(node, to, edges, texts) {
    if (typeof node !== "object" || node === null) texts.push(typeof node, String(node));
    else if (Array.isArray(node)) {
      texts.push("[");
      for (const one of node) this.#write(one, to, edges, texts);
      texts.push("]");
    } else {
      const target = namedFile(node, to);
      if (target !== undefined) edges.push({ local: "", name: "*", to: target });
      for (const key of Object.keys(node)) {
        // the raw text of a template is what it says, that of a literal only how it is written
        if (key === "start" || key === "end" || (key === "raw" && node.cooked === undefined)) continue;
        if (target !== undefined && (key === "source" || key === "arguments")) continue;
        texts.push(key);
        this.#write(node[key], to, edges, texts);
      }
      texts.push(this.#version(node.value) ?? "");
    }
  }

  /** The version of the package that a text names, whoever resolves it: an import, `require`, a table of packages. */
  #version(text) {
    if (typeof text !== "string") return undefined;
    const [scope, name] = text.split("/");
    return this.versions[scope.startsWith("@") ? `${scope}/${name}` : scope];
  }
}

/** The module of ours that `import("./file.js")` or `new URL("./file.js", import.meta.url)` names: code in a thread of its own. */
function namedFile({ type, source, callee, arguments: [first, second] = [] }, to) {
  const isUrl = type === "NewExpression" && callee.name === "URL" && second?.object?.type === "MetaProperty";
  const named = type === "ImportExpression" ? source.value : isUrl ? first.value : undefined;
  return typeof named === "string" && /^\.{1,2}\/.*\.m?js$/.test(named) ? to(named) : undefined;
}

function importedName({ type, imported }) {
  if (type === "ImportDefaultSpecifier") return "default";
  return type === "ImportNamespaceSpecifier" ? "*" : imported.name;
}

function declaredExports({ type, declaration, specifiers }) {
  if (type === "ExportDefaultDeclaration") return ["default"];
  if (type !== "ExportNamedDeclaration") return [];
  if (!declaration) return specifiers.map((s) => s.exported.name);
  return (declaration.declarations ?? [declaration]).flatMap(({ id }) => boundNames(id));
}

/** The names that a declaration binds, `const { a, b: [c] } = …` included. */
function boundNames(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((p) => boundNames(p.value ?? p.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap(boundNames);
    case "AssignmentPattern":
      return boundNames(pattern.left);
    default:
      return [];
  }
}

function byText([a], [b]) {
  return a < b ? -1 : 1;
}

function sha256(value) {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
