import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sources = ['log.c', 'watched.c', 'faults.c', 'sockets.c', 'files.c'].map((name) =>
  fileURLToPath(new URL(`./${name}`, import.meta.url)),
)

const compilerFile = ['cc', 'gcc', 'clang']
  .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((file) => existsSync(file))

/** Why the shim cannot be used here; null where it can. */
export const noShim: string | null =
  process.platform !== 'linux'
    ? 'the shim is written for Linux'
    : compilerFile === undefined
      ? 'no C compiler is installed'
      : null

/** Compiles the shim into a folder and returns its file. */
export function buildShim(folder: string): string {
  if (compilerFile === undefined)
    throw new Error('The shim is C and no compiler was found. Install one (Debian: apt-get install gcc libc6-dev).')
  const file = join(folder, 'record.so')
  execFileSync(compilerFile, ['-shared', '-fPIC', '-O2', '-o', file, ...sources, '-ldl', '-lpthread'])
  return file
}

/** What makes a program run with the shim. libuv may write through io_uring, which passes no C library: that is switched off. */
export const shimEnvironment = (
  shim: string,
  parts: { readonly folder: string; readonly log?: string; readonly control?: string },
): Readonly<Record<string, string>> => ({
  LD_PRELOAD: shim,
  UV_USE_IO_URING: '0',
  CHAOS_FOLDER: parts.folder,
  ...(parts.log === undefined ? {} : { CHAOS_LOG: parts.log }),
  ...(parts.control === undefined ? {} : { CHAOS_CONTROL: parts.control }),
})
