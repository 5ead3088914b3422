import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Resolver } from "./resolve.js";

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

const imported = /(?:from|import|require)\s*\(?\s*["']([^"'\n]+)["']/g;

/**
 * Notices which of the project's files have changed since the last look: those that a cell imports, and what they
 * import; and which packages have been installed. The language server does not watch the disk, and a notebook's
 * answer must not depend on what it read earlier.
 */
export class ProjectFiles {
  readonly #resolver: Resolver;
  readonly #known = new Map<string, Known>();

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /** Looks at everything that `code`, standing in `folder`, imports. */
  changes(code: string, folder: string): FileChange[] {
    const found: FileChange[] = [];
    const visited = new Set<string>();
    const queue = this.#importsOf(code, join(folder, "notebook.ts"));
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
        : this.#importsOf(readFileSync(path, "utf8"), path);
    this.#known.set(path, { stamp, imports });
    if (before === undefined) return { change: undefined, imports };
    const type = before.stamp === undefined ? 1 : stamp === undefined ? 3 : 2;
    return { change: { path, type }, imports };
  }

  /** Paths that the imports of a text may mean, and the manifests of packages. */
  #importsOf(code: string, from: string): string[] {
    return [...code.matchAll(imported)].flatMap(([, specifier]) =>
      this.#resolver.candidates(specifier, from),
    );
  }
}

function stampOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true ? `${stat.mtimeMs} ${stat.size}` : undefined;
  } catch {
    // It lies behind a file, or where nobody may look.
    return undefined;
  }
}
