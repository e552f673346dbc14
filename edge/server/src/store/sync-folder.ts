import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Names that were given, changed or taken away in a folder outlast a power cut once this has returned. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
