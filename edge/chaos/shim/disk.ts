import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DiskFile } from './disk-file.ts'
import type { CutDice } from './disk-file.ts'
import type { Entry } from './log.ts'

/**
 * Whose rules hold for names. `strict` is POSIX to the letter: a name is on the disk when its folder was synced, and what
 * was not may have come in any combination. `journaled` is like ext4 or XFS: any sync takes all earlier changes of names
 * along, and of later ones a beginning came.
 */
export type NamesModel = 'strict' | 'journaled'

class Folder {
  readonly kind = 'folder'
}
type Node = DiskFile | Folder

/** A change of names. The folders whose sync makes it certain. */
interface NameChange {
  readonly folders: readonly string[]
  readonly path: string
  /** Null: the name goes. */
  readonly node: Node | null
  /** A rename: the other name goes in the same step. */
  readonly from?: string
}

/** The folder as a disk has it, moved by the log of what a program did. */
export class Disk {
  readonly #root: string
  /** By path, relative to the watched folder: what the program sees, and what is certain. */
  readonly #seen = new Map<string, Node>()
  readonly #certain = new Map<string, Node>()
  #pending: NameChange[] = []
  readonly #open = new Map<number, { readonly path: string; readonly node: Node }>()
  readonly #syncs = new Map<number, (() => void)[]>()
  readonly #names: NamesModel

  /** @param folder as it is now, all of it synced */
  constructor(folder: string, root: string, names: NamesModel) {
    this.#root = root
    this.#names = names
    this.#set('', new Folder())
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      this.#set(path.slice(folder.length + 1), entry.isDirectory() ? new Folder() : new DiskFile(readFileSync(path)))
    }
  }

  /** @throws RangeError for what the model does not know: the run proves nothing then */
  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'opened':
        return this.#opened(this.#relative(entry.path), entry.fd, entry.created, entry.emptied)
      case 'closed':
        this.#open.delete(entry.fd)
        return
      case 'written': {
        const file = this.#file(entry.fd)
        file.write(entry.offset, entry.data)
        if (entry.synced) file.synced(file.changesSoFar)
        return
      }
      case 'resized':
        return this.#file(entry.fd).resize(entry.size)
      case 'resized_path': {
        const node = this.#seen.get(this.#relative(entry.path))
        if (node instanceof DiskFile) node.resize(entry.size)
        return
      }
      case 'sync_begun':
        return this.#syncBegun(entry.fd)
      case 'sync_ended':
        this.#syncs.get(entry.fd)?.shift()?.()
        return
      case 'renamed':
        return this.#renamed(this.#relative(entry.path), this.#relative(entry.to))
      case 'linked': {
        const node = this.#seen.get(this.#relative(entry.path))
        if (node !== undefined) this.#named({ ...changeOf(this.#relative(entry.to)), node })
        return
      }
      case 'folder_made':
        return this.#named({ ...changeOf(this.#relative(entry.path)), node: new Folder() })
      case 'unlinked':
      case 'folder_removed':
        return this.#named({ ...changeOf(this.#relative(entry.path)), node: null })
      case 'unsupported':
        throw new RangeError(`the program changed a file in a way that the model does not know: ${entry.what}`)
      case 'accepted':
      case 'sent':
    }
  }

  /** Writes what a cut at this instant may leave into a new folder. */
  cut(into: string, dice: CutDice): void {
    const names = new Map(this.#certain)
    const { draws, dropped } = dice
    const journaled = this.#names === 'journaled' ? draws.whole(0, this.#pending.length + 1) : 0
    this.#pending.forEach((change, index) => {
      if (this.#names === 'journaled' ? index < journaled : !draws.chance(dropped)) applyNames(names, change)
    })
    mkdirSync(into, { recursive: true })
    for (const [path, node] of [...names].sort(([left], [right]) => (left < right ? -1 : 1))) {
      if (node instanceof Folder) mkdirSync(join(into, path), { recursive: true })
      // A name below a folder that never came is lost with it.
      else if (names.get(parentOf(path)) instanceof Folder) writeFileSync(join(into, path), node.cut(dice))
    }
  }

  #set(path: string, node: Node): void {
    this.#seen.set(path, node)
    this.#certain.set(path, node)
  }

  #relative(path: string): string {
    return path === this.#root ? '' : path.slice(this.#root.length + 1)
  }

  #file(fd: number): DiskFile {
    const node = this.#open.get(fd)?.node
    if (!(node instanceof DiskFile)) throw new RangeError(`the log writes to ${fd}, which is no open file`)
    return node
  }

  #opened(path: string, fd: number, created: boolean, emptied: boolean): void {
    if (created) this.#named({ ...changeOf(path), node: new DiskFile() })
    const node = this.#seen.get(path)
    if (node === undefined) throw new RangeError(`the log opens ${path}, which was never made`)
    if (emptied && node instanceof DiskFile) node.resize(0)
    this.#open.set(fd, { path, node })
  }

  #renamed(from: string, to: string): void {
    const node = this.#seen.get(from)
    if (node === undefined || node instanceof Folder) throw new RangeError(`the model renames files only, not ${from}`)
    this.#named({ folders: [...new Set([parentOf(from), parentOf(to)])], path: to, node, from })
  }

  #named(change: NameChange): void {
    applyNames(this.#seen, change)
    this.#pending.push(change)
  }

  #syncBegun(fd: number): void {
    const opened = this.#open.get(fd)
    if (opened === undefined) throw new RangeError(`the log syncs ${fd}, which is not open`)
    const { path, node } = opened
    const changes = node instanceof DiskFile ? node.changesSoFar : 0
    const names = new Set(
      this.#pending.filter(
        ({ folders }) => this.#names === 'journaled' || (node instanceof Folder && folders.includes(path)),
      ),
    )
    const ended = () => {
      if (node instanceof DiskFile) node.synced(changes)
      for (const change of this.#pending) if (names.has(change)) applyNames(this.#certain, change)
      this.#pending = this.#pending.filter((change) => !names.has(change))
    }
    const queue = this.#syncs.get(fd)
    if (queue === undefined) this.#syncs.set(fd, [ended])
    else queue.push(ended)
  }
}

const parentOf = (path: string): string => (dirname(path) === '.' ? '' : dirname(path))

const changeOf = (path: string): Pick<NameChange, 'folders' | 'path'> => ({ folders: [parentOf(path)], path })

function applyNames(names: Map<string, Node>, { path, node, from }: NameChange): void {
  if (node === null) names.delete(path)
  else names.set(path, node)
  // The old name may meanwhile mean something else.
  if (from !== undefined && names.get(from) === node) names.delete(from)
}
