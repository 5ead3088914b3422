import { tslabDeclarations } from "../tslab.js";

/** What TypeScript has to know of the kernel's globals, of the tslab package, and of WebAssembly, which Node's types leave out. */
export const globalDeclarations = `
/** Asks the reader of the notebook for a line of text and waits for it. */
declare function prompt(message?: string, preset?: string): string | null;
/** Asks the reader of the notebook a yes-or-no question and waits for the answer. */
declare function confirm(message?: string): boolean;
/** Shows a message and waits until it was seen. */
declare function alert(message?: string): void;

${tslabDeclarations}
declare namespace WebAssembly {
  type ImportValue = Function | Global | Memory | Table | number;
  type Imports = Record<string, Record<string, ImportValue>>;
  type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "externref" | "anyfunc" | "funcref";
  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer);
    static exports(module: Module): { name: string; kind: string }[];
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, any>;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    constructor(descriptor: { element: "anyfunc" | "externref"; initial: number; maximum?: number }, value?: any);
    readonly length: number;
    get(index: number): any;
    set(index: number, value?: any): void;
    grow(by: number, value?: any): number;
  }
  class Global {
    constructor(descriptor: { value: ValueType; mutable?: boolean }, value?: any);
    value: any;
    valueOf(): any;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  function compile(bytes: ArrayBufferView | ArrayBuffer): Promise<Module>;
  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean;
  function instantiate(bytes: ArrayBufferView | ArrayBuffer, imports?: Imports): Promise<{ module: Module; instance: Instance }>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
`;
