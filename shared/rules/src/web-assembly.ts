/**
 * The part of WebAssembly that the engine uses. TypeScript declares it in its DOM library only, which programs for Node
 * do not load, and it is the same in both.
 */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer> | ArrayBuffer) => WasmModule
  readonly Instance: new (module: WasmModule, imports: Record<string, Record<string, () => number>>) => WasmInstance
  compile(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<WasmModule>
}

/** A `WebAssembly.Module`: compiled code, which can be posted to workers. Opaque. */
export type WasmModule = object

export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

interface WasmInstance {
  readonly exports: object
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly
