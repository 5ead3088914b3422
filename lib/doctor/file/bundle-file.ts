import { readFileSync, rmSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder, writeAtomic } from "@gradbook/base";
import { build, type Loader } from "esbuild";
import { hiddenExport } from "../reading/own-tensor.js";
import { LoadError } from "./import-file.js";

/**
 * Compiles a .ts, .js, .mjs or .cjs file, ES module or CommonJS, with what it imports from beside it; nothing of it runs.
 * Packages are looked up from the file's own folder; `gradbook` is this library, wherever the file lies.
 * @returns the compiled file, and how to remove it
 * @throws LoadError when it does not compile
 */
export async function bundleFile(file: string): Promise<{ readonly path: string; remove(): void }> {
  const path = resolve(file);
  const code = await bundle(path, true).catch(() => bundle(path, false));
  const folder = temporaryFolder("doctor");
  const out = join(folder, "code.mjs");
  writeAtomic(out, code, { elsewhere: "the variable TMPDIR" });
  return { path: out, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** One ES module with an inline source map, so that errors name the lines of the file itself. */
async function bundle(path: string, handOut: boolean): Promise<string> {
  const url = pathToFileURL(path).href;
  const fromFile = createRequire(url);
  const library = new URL("./library.js", import.meta.url).href;
  try {
    const result = await build({
      stdin: {
        contents: withExports(readFileSync(path, "utf8"), handOut),
        sourcefile: path,
        resolveDir: join(path, ".."),
        loader: loaderOf(path),
      },
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "inline",
      keepNames: false,
      logLevel: "silent",
      banner: {
        js: `import { createRequire as __requireFrom } from "node:module"; const require = __requireFrom(${JSON.stringify(url)});`,
      },
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, experimentalDecorators: true } },
      plugins: [
        {
          name: "packages",
          setup({ onResolve }) {
            onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) => {
              if (kind === "entry-point") return undefined;
              if (isBuiltin(name)) return { path: name, external: true };
              if (name === "gradbook" || name === "@gradbook/core") return { path: library, external: true };
              try {
                const found = fromFile.resolve(name);
                return { path: kind === "require-call" ? found : pathToFileURL(found).href, external: true };
              } catch {
                return { path: name, external: true };
              }
            });
          },
        },
      ],
    });
    return result.outputFiles[0].text;
  } catch (error) {
    const first = firstMessage(error);
    throw new LoadError(`the file does not compile: ${first}`);
  }
}

function firstMessage(error: unknown): string {
  const errors: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "errors") : undefined;
  if (Array.isArray(errors) && errors.length > 0) {
    const { text, location } = errors[0] as { text: string; location?: { line: number } | null };
    return location == null ? text : `${text} (line ${location.line})`;
  }
  return error instanceof Error ? error.message : String(error);
}

function loaderOf(path: string): Loader {
  const extension = extname(path);
  if (extension === ".tsx") return "tsx";
  return extension === ".ts" || extension === ".mts" || extension === ".cts" ? "ts" : "jsx";
}

/**
 * A file that exports nothing at all exports everything that it declares at its left margin. Any other hands out its own
 * tensor class under a hidden name, so that the doctor can make tensors that its layers understand.
 * @param handOut false when that does not compile (a class that is only imported as a type)
 */
function withExports(source: string, handOut: boolean): string {
  if (/\bmodule\.exports\b|\bexports\.\w/.test(source)) return source;
  const declared = declaredNames(source);
  if (!/^\s*export\b/m.test(source))
    return declared.length === 0 ? source : `${source}\nexport { ${declared.join(", ")} };\n`;
  if (!handOut) return source;
  const imported = Array.from(source.matchAll(/^import\s*\{([^}]*)\}\s*from\s*["']\./gm), (m) =>
    m[1].split(","),
  ).flat();
  const names = [...declared, ...imported.map((name) => name.trim())].filter((name) =>
    /^(Tensor|Matrix|NDArray|NdArray|Mat|Volume|Vol)\w*$/.test(name),
  );
  return names.length === 0
    ? source
    : `${source}\nexport { ${[...new Set(names)].map((name) => `${name} as ${hiddenExport}${name}`).join(", ")} };\n`;
}

function declaredNames(source: string): string[] {
  const found = source.matchAll(/^(?:async\s+)?(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*)/gm);
  return [...new Set(Array.from(found, (match) => match[1]))];
}
