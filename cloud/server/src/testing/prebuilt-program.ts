import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zstdDecompressSync } from 'node:zlib'

// Servers that take minutes to build: what the environment names, on the PATH, or packed beside the checkout.

/** @param names as it is called on the PATH; by the last one it lies packed */
export function findPrebuilt(variable: string, names: readonly [...string[], string]): string | null {
  const named = process.env[variable]
  if (named !== undefined) return existsSync(named) ? named : null
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  const packed = fileURLToPath(new URL(`../../../../../shared/bin/${names.at(-1)}.zst`, import.meta.url))
  return [...onPath, packed].find((file) => existsSync(file)) ?? null
}

/** Unpacked once for all runs; beside it first, so that two that run at once cannot take half of it. */
export function unpacked(file: string, name: string): string {
  if (!file.endsWith('.zst')) return file
  const program = join(tmpdir(), `jidoka-test-${name}`)
  if (existsSync(program)) return program
  const fresh = `${program}.${process.pid}`
  writeFileSync(fresh, zstdDecompressSync(readFileSync(file)))
  chmodSync(fresh, 0o755)
  renameSync(fresh, program)
  return program
}
