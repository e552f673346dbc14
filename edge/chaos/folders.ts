import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders of one run. What a failure needs to be looked at stays. */
export class Folders {
  readonly root = mkdtempSync(join(tmpdir(), 'jidoka-chaos-'))
  #next = 0

  new(name: string): string {
    return join(this.root, `${name}-${this.#next++}`)
  }

  remove(folder: string): void {
    rmSync(folder, { recursive: true, force: true })
  }

  removeAll(): void {
    this.remove(this.root)
  }
}
