import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
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

/** For others to have looked at a lock, which takes them a fraction of a millisecond each; one that stands still in it may go on at any time, and is not passed by. */
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
  const turn = join(folder, 'lock.turn')
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  const name = `${mine.trim()} ${threadId}`
  try {
    awaitTurn(folder, { turn, name, mine })
    const holder = livingOf(textOf(file))
    if (holder !== null) throw new FolderInUseError(folder, holder)
    // Takes the folder and ends the turn in one step.
    renameSync(join(turn, name), file)
  } finally {
    rmSync(join(turn, name), { force: true })
    removeEmpty(turn)
  }
  return () => {
    if (textOf(file) === mine) rmSync(file)
  }
}

/**
 * Of several programs that start at once each would find the folder free, or replace the lock that another has just put in place of a dead one. So each puts
 * its name into the folder `turn` and looks who else stands there: of two the later one at least sees the other. Names of the dead alone are removed by others.
 */
function awaitTurn(folder: string, { turn, name, mine }: { turn: string; name: string; mine: string }): void {
  for (let waitedMs = 0; ; waitedMs += turnPauseMs) {
    if (!isIn(turn, name, mine)) continue
    const living: { other: string; pid: number }[] = []
    for (const other of readdirSync(turn)) {
      if (other === name) continue
      const pid = livingOf(other)
      if (pid === null) rmSync(join(turn, other), { recursive: true, force: true })
      else living.push({ other, pid })
    }
    const [first] = living
    if (first === undefined) return
    if (waitedMs >= turnMsMax) throw new FolderInUseError(folder, first.pid)
    // The first by name stays, and is next; would all step back, none might ever come.
    if (living.some(({ other }) => other < name)) rmSync(join(turn, name), { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, turnPauseMs)
  }
}

/** @returns false where somebody has just removed the folder, as nobody stood in it */
function isIn(turn: string, name: string, mine: string): boolean {
  makeOne(turn)
  try {
    writeFileSync(join(turn, name), mine, { mode: 0o600 })
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

function removeEmpty(turn: string): void {
  try {
    rmdirSync(turn)
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error
  }
}

/** The process that a lock or a name says, as long as it lives. */
function livingOf(text: string): number | null {
  const [pid = '', start = ''] = text.trim().split(' ')
  return isAlive(Number(pid)) && startOf(Number(pid)) === start ? Number(pid) : null
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
  makeOne(folder)
}

function makeOne(folder: string): void {
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
