import { inspect } from "node:util";

/** What Node's test runner tells while it runs; only the parts that are read here. */
export interface TestEvent {
  readonly type: string;
  readonly data?:
    | {
        readonly name?: string;
        readonly file?: string | undefined;
        readonly nesting?: number;
        readonly message?: string;
        readonly skip?: string | boolean | undefined;
        readonly details?: { readonly error?: unknown; readonly type?: string | undefined } | undefined;
      }
    | undefined;
}

export interface TestFailure {
  readonly name: string;
  readonly file: string;
  /** The error with its stack; for a file that crashed, what it wrote to stderr. */
  readonly text: string;
}

/** Collects a test run: counts, failures, and a log that holds everything the tests said. */
export class TestLog {
  /** Lines of the whole run, to be kept in a file. */
  readonly lines: string[] = [];
  readonly failures: TestFailure[] = [];
  /** Files that are through. */
  files = 0;
  /** Tests, without suites, that have passed or failed so far. */
  tests = 0;
  /** The runner's closing counts in its own words: `tests 12`, `pass 12`, … */
  readonly counts: string[] = [];
  readonly #said = new Map<string, string>();

  accept({ type, data }: TestEvent): void {
    const { name = "", file = "", nesting = 0, message = "", details } = data ?? {};
    switch (type) {
      case "test:stdout":
      case "test:stderr":
        this.lines.push(message.replace(/\n$/, ""));
        this.#said.set(file, (this.#said.get(file) ?? "") + message);
        return;
      case "test:complete":
        // The runner wraps each file in a test that bears the file's name.
        if (name === file && nesting === 0) this.files += 1;
        return;
      case "test:pass":
      case "test:fail":
        if (details?.type !== "suite") this.tests += 1;
        this.lines.push(
          `${"  ".repeat(nesting)}${mark(type, data?.skip)} ${name === file ? name : `${name} (${file})`}`,
        );
        if (type === "test:fail") this.#fail(name, file, details?.error);
        return;
      case "test:diagnostic":
        if (nesting === 0 && file === "" && /^[a-z_]+ [\d.]+$/.test(message)) this.counts.push(message);
        else this.lines.push(message);
    }
  }

  /** True when something ran, and nothing failed. */
  get passed(): boolean {
    return this.failures.length === 0 && this.tests > 0;
  }

  #fail(name: string, file: string, error: unknown): void {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    // A test fails with each of its parts; the part says why.
    if (/^\d+ subtests? failed$/.test(cause instanceof Error ? cause.message : String(cause))) return;
    const crashed = name === file;
    const text = crashed ? (this.#said.get(file) ?? "").trim() : inspect(cause, { depth: 5 });
    this.failures.push({ name: crashed ? "the file itself" : name, file, text });
    this.lines.push(text);
  }
}

function mark(type: string, skip: string | boolean | undefined): string {
  if (skip !== undefined && skip !== false) return "skipped";
  return type === "test:pass" ? "ok     " : "FAILED ";
}
