interface Entry {
  readonly line: number;
  readonly code: string;
  readonly output: string | null;
}

type Row = readonly [session: number, line: number, code: string | readonly [string, string | null]];

/** The cells that ran in this session, for `history_request`. Session number 1 is this one; there are no others. */
export class History {
  readonly #entries: Entry[] = [];

  add(line: number, code: string, output: string | null): void {
    this.#entries.push({ line, code, output });
  }

  answer(request: Readonly<Record<string, unknown>>): Row[] {
    const withOutput = request.output === true;
    return this.#select(request).map(({ line, code, output }) => [
      1,
      line,
      withOutput ? [code, output] : code,
    ]);
  }

  #select(request: Readonly<Record<string, unknown>>): readonly Entry[] {
    const n = typeof request.n === "number" ? request.n : Number.POSITIVE_INFINITY;
    switch (request.hist_access_type) {
      case "tail":
        return lastOf(this.#entries, n);
      case "range": {
        // Session 0 is the current one, negative numbers count back from it.
        const session = typeof request.session === "number" ? request.session : 0;
        if (session !== 0 && session !== 1) return [];
        const start = typeof request.start === "number" ? request.start : 0;
        const stop = typeof request.stop === "number" ? request.stop : Number.POSITIVE_INFINITY;
        return this.#entries.filter(({ line }) => line >= start && line < stop);
      }
      case "search": {
        const pattern = globExpression(typeof request.pattern === "string" ? request.pattern : "*");
        let found = this.#entries.filter(({ code }) => pattern.test(code));
        if (request.unique === true) {
          found = found.filter(({ code }, i) => !found.slice(i + 1).some((later) => later.code === code));
        }
        return lastOf(found, n);
      }
      default:
        throw new TypeError(
          `hist_access_type is ${JSON.stringify(request.hist_access_type)}, expected "range", "tail" or "search".`,
        );
    }
  }
}

function lastOf(entries: readonly Entry[], n: number): readonly Entry[] {
  return entries.slice(Math.max(0, entries.length - n));
}

/** `*` and `?` as in a shell; the pattern stands for the whole cell. */
function globExpression(glob: string): RegExp {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[\\s\\S]*")
    .replaceAll("?", "[\\s\\S]");
  return new RegExp(`^${body}$`);
}
