export declare const edgeNodeArguments: readonly string[]
export declare const edgeNodeEnvironment: (cacheFolder: string) => {
  readonly NODE_COMPILE_CACHE: string
  readonly MALLOC_ARENA_MAX: string
  readonly MALLOC_MMAP_THRESHOLD_: string
  readonly MALLOC_TRIM_THRESHOLD_: string
}
