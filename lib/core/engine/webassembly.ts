/**
 * The part of the WebAssembly interface that the engine uses. TypeScript describes it only together with a browser's
 * whole document model, and the public declarations must not name it.
 */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** A compiled module; may be sent to another thread. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

export type WasmExports = Readonly<Record<string, (...args: number[]) => void>>;

interface WasmApi {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { env: { memory: WasmMemory } },
  ) => { readonly exports: WasmExports };
}

export const wasm: WasmApi = (globalThis as typeof globalThis & { WebAssembly: WasmApi }).WebAssembly;

/** Bytes of one page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
