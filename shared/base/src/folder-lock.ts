import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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

/** Of a program that looks at a lock: that takes a fraction of a millisecond, so whoever takes longer has died in it. */
const turnMsMax = 1_000
const turnPauseMs = 5

/**
 * Takes a data folder for this process alone; two programs on one database would destroy it (PGlite does not guard itself).
 * The lock of a process that died is taken over. Returns the function that gives the lock back.
 * @throws FolderInUseError when a living process holds it.
 */
export function lockFolder(folder: string): () => void {
  makeFolder(folder)
  const file = join(folder, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  const endTurn = takeTurn(join(folder, 'lock.turn'))
  try {
    const [pid = 0, start = ''] = textOf(file).trim().split(' ')
    if (isAlive(Number(pid)) && startOf(Number(pid)) === start) throw new FolderInUseError(folder, Number(pid))
    const fresh = `${file}.${process.pid}`
    writeFileSync(fresh, mine, { mode: 0o600 })
    renameSync(fresh, file)
  } finally {
    endTurn()
  }
  return () => {
    if (textOf(file) === mine) rmSync(file)
  }
}

/** Of several programs that start at once each would find the folder free, or remove the lock that another has just made in place of a dead one. */
function takeTurn(turn: string): () => void {
  for (let waitedMs = 0; ;)
    try {
      mkdirSync(turn, { mode: 0o700 })
      return () => rmSync(turn, { recursive: true, force: true })
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      if (waitedMs >= turnMsMax) {
        rmSync(turn, { recursive: true, force: true })
        waitedMs = 0
      } else {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, turnPauseMs)
        waitedMs += turnPauseMs
      }
    }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return ''
    throw error
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
