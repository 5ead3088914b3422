import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ancestors } from "./resolve.js";

/** A change on the disk, in the terms of the Language Server Protocol. */
export interface FileChange {
  readonly path: string;
  /** 1 created, 2 changed, 3 deleted */
  readonly type: 1 | 2 | 3;
}

interface Known {
  /** Modification time and size; undefined for a file that was looked for and not there. */
  readonly stamp: string | undefined;
  readonly imports: readonly string[];
}

const endings = ["", ".ts", ".mts", ".tsx", ".d.ts", ".js", ".mjs", ".json", "/index.ts", "/index.js"];
const relativeImport = /(?:from|import|require)\s*\(?\s*["'](\.{1,2}\/[^"'\n]*|\.{1,2})["']/g;
const packageImport = /(?:from|import|require)\s*\(?\s*["']((?:@[^"'/\n]+\/)?[^"'/.@#\n][^"'/:\n]*)["'/]/g;

/**
 * Notices which of the project's files have changed since the last look: those that a cell imports, and what they
 * import; and which packages have been installed. The language server does not watch the disk, and a notebook's
 * answer must not depend on what it read earlier.
 */
export class ProjectFiles {
  readonly #known = new Map<string, Known>();

  /** Looks at everything that `code`, standing in `folder`, imports. */
  changes(code: string, folder: string): FileChange[] {
    const found: FileChange[] = [];
    const visited = new Set<string>();
    const queue = importsOf(code, folder);
    for (const path of queue) {
      if (visited.has(path)) continue;
      visited.add(path);
      const { change, imports } = this.#look(path);
      if (change !== undefined) found.push(change);
      queue.push(...imports);
    }
    return found;
  }

  #look(path: string): { change: FileChange | undefined; imports: readonly string[] } {
    const before = this.#known.get(path);
    const stamp = stampOf(path);
    if (before !== undefined && before.stamp === stamp) return { change: undefined, imports: before.imports };
    const imports =
      stamp === undefined || !/\.[cm]?[jt]sx?$/.test(path)
        ? []
        : importsOf(readFileSync(path, "utf8"), dirname(path));
    this.#known.set(path, { stamp, imports });
    if (before === undefined) return { change: undefined, imports };
    const type = before.stamp === undefined ? 1 : stamp === undefined ? 3 : 2;
    return { change: { path, type }, imports };
  }
}

/** Paths that the relative imports of a text may mean, and the manifests of packages. */
function importsOf(code: string, folder: string): string[] {
  const manifests = [...code.matchAll(packageImport)].flatMap(([, name]) =>
    ancestors(folder).map((one) => join(one, "node_modules", name, "package.json")),
  );
  const files = [...code.matchAll(relativeImport)].flatMap(([, specifier]) => {
    const path = resolve(folder, specifier);
    const typescript = path.replace(/\.([cm]?)js$/, ".$1ts");
    return [
      ...endings.map((ending) => (ending.startsWith("/") ? join(path, ending) : path + ending)),
      typescript,
    ];
  });
  return [...files, ...manifests];
}

function stampOf(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() ? `${stat.mtimeMs} ${stat.size}` : undefined;
  } catch {
    return undefined;
  }
}
