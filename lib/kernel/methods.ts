import type { MimeBundle } from "@gradbook/base";
import type { ErrorContent } from "./jupyter/messages.js";
import type { Positions, PreparedCell, RefusedCell } from "./threads.js";

/** What the language thread does for wire. */
export type LanguageMethods = {
  /** Checks and translates a cell; when it is good, later cells see what it declares. */
  readonly prepare: readonly [PrepareRequest, PreparedCell | RefusedCell | FrontEndRequest];
  /** Translates an expression without checking it, for `user_expressions`. */
  readonly expression: readonly [{ readonly code: string }, PreparedCell | RefusedCell];
  readonly complete: readonly [CursorRequest, Completion];
  readonly inspect: readonly [CursorRequest, { readonly data: MimeBundle } | undefined];
  readonly isComplete: readonly [
    { readonly code: string },
    { readonly status: string; readonly indent?: string },
  ];
};

/** Where worker threads of the user ask for modules. */
export const moduleChannel = "gradbook-kernel-modules";

/** What the language thread does for main and for worker threads of the user. */
export type ModuleMethods = {
  /** Finds a module, and when it belongs to the project translates it and all it imports. */
  readonly load: readonly [LoadRequest, LoadedModule];
  /** The same for `require`, where it means something else than Node would make of it. */
  readonly require: readonly [LoadRequest, LoadedModule | undefined];
  /** How to translate positions in a file that was translated for another thread. */
  readonly positions: readonly [{ readonly url: string }, Positions | undefined];
  /** `import.meta.resolve` */
  readonly url: readonly [
    { readonly specifier: string; readonly from: string },
    { readonly url: string } | { readonly error: ErrorContent },
  ];
};

export interface PrepareRequest {
  readonly code: string;
  /** Execution counter, as stack traces name the cell. */
  readonly count: number;
}

/** What a front end is to do instead of running something: `name?` asks for help, `exit` for the end. */
export interface FrontEndRequest {
  readonly payload:
    | { readonly source: "page"; readonly data: MimeBundle; readonly start: 0 }
    | { readonly source: "ask_exit"; readonly keepkernel: false };
}

export interface CursorRequest {
  readonly code: string;
  /** In UTF-16 units. */
  readonly cursor: number;
  /** 0: short, 1: with the members of types. */
  readonly detail?: number;
}

export interface Completion {
  readonly matches: readonly string[];
  readonly start: number;
  readonly end: number;
  /** JupyterLab shows these beside the names. */
  readonly types: readonly {
    readonly text: string;
    readonly type: string;
    readonly start: number;
    readonly end: number;
    readonly signature?: string;
  }[];
}

export interface LoadRequest {
  readonly specifier: string;
  /** Path of the file that imports; relative specifiers and packages are looked up from its folder. */
  readonly from: string;
  /** `with { type }` */
  readonly type?: string;
  /** Modules whose last evaluation failed and must not be taken from Node's cache again. */
  readonly failed: readonly string[];
}

export interface LoadedModule {
  /** What to give to `import()`. */
  readonly url: string;
  /** How to translate positions in these files, by URL. */
  readonly positions: Readonly<Record<string, Positions>>;
  /** CommonJS files of the project that have changed: their entries in `require.cache` are stale. */
  readonly stale: readonly string[];
  readonly error?: ErrorContent;
}
