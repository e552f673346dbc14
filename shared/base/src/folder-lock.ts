import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno, OperationalError } from './errors.ts'

export class FolderInUseError extends OperationalError {
  override name = 'FolderInUseError'
  readonly folder: string
  readonly pid: number

  constructor(folder: string, pid: number) {
    super(
      `The data folder ${folder} is in use by the process ${pid}. Stop that one first, or give this one a folder of its own.`,
    )
    this.folder = folder
    this.pid = pid
  }
}

/**
 * Takes a data folder for this process alone; two programs on one database would destroy it (PGlite does not guard itself).
 * The lock of a process that died is taken over. Returns the function that gives the lock back.
 * @throws FolderInUseError when a living process holds it.
 */
export function lockFolder(folder: string): () => void {
  makeFolder(folder)
  const file = join(folder, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  for (let attempt = 0; ; attempt++) {
    try {
      const descriptor = openSync(file, 'wx', 0o600)
      writeSync(descriptor, mine)
      closeSync(descriptor)
      return () => {
        if (existsSync(file) && readFileSync(file, 'utf8') === mine) rmSync(file)
      }
    } catch (error) {
      if (!isErrno(error, 'EEXIST') || attempt === 3) throw error
      const [pid = 0, start = ''] = readFileSync(file, 'utf8').trim().split(' ')
      if (isAlive(Number(pid)) && startOf(Number(pid)) === start) throw new FolderInUseError(folder, Number(pid))
      // Moved away before removal, so that of two that find the same dead lock only one removes it.
      const dead = `${file}.${process.pid}`
      try {
        renameSync(file, dead)
        rmSync(dead)
      } catch (lost) {
        if (!isErrno(lost, 'ENOENT')) throw lost
      }
    }
  }
}

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never returns where a parent exists and answers
 * that it does not (a broken mount, /proc).
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

/** When a process started, in the kernel's ticks: a pid alone may have been given to another program after a reboot. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return '' // no /proc on this system: the pid alone decides
  }
}
