import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** Where each number lies in the file that shim/faults.c maps. */
const fields = {
  clockNs: 0,
  isBounded: 8,
  bytesLeft: 16,
  syncsToFail: 24,
  writesToFail: 32,
  refusedFull: 40,
  refusedFailing: 48,
} as const
const fileBytes = 64

/** The hand on the clock and the disk of a running program. */
export class Control {
  readonly file: string
  readonly #fd: number

  constructor(file: string) {
    this.file = file
    this.#fd = openSync(file, 'w+')
    writeSync(this.#fd, Buffer.alloc(fileBytes))
  }

  /** How far the program's wall clock is off. */
  setClock(offsetMs: number): void {
    this.#write('clockNs', BigInt(Math.round(offsetMs / 1_000)) * 1_000_000_000n)
  }

  /** From now on files below the folder grow by so many bytes together, and then the disk is full. */
  fill(bytes: number): void {
    this.#write('bytesLeft', BigInt(bytes))
    this.#write('isBounded', 1n)
  }

  free(): void {
    this.#write('isBounded', 0n)
  }

  /** The next syncs and writes are answered with EIO. */
  fail(syncs: number, writes: number): void {
    this.#write('syncsToFail', BigInt(syncs))
    this.#write('writesToFail', BigInt(writes))
  }

  /** Calls that were answered with ENOSPC, and with EIO. */
  get refused(): { readonly full: number; readonly failing: number } {
    return { full: this.#read('refusedFull'), failing: this.#read('refusedFailing') }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(field: keyof typeof fields, value: bigint): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    writeSync(this.#fd, bytes, 0, 8, fields[field])
  }

  #read(field: keyof typeof fields): number {
    const bytes = Buffer.alloc(8)
    readSync(this.#fd, bytes, 0, 8, fields[field])
    return Number(bytes.readBigInt64LE())
  }
}
