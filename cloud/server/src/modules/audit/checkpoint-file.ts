import { appendFileSync, createReadStream, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkpointSchema } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'

/** A line has some 400 bytes; a longer one is not ours and is not kept in memory. */
const lineBytesMax = 4_096

/** Checkpoints outside of the database, a file for each tenant: who cuts the end off the log and its checkpoints in the database has not these. */
export class CheckpointFile {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** In one write, so that lines of processes that share the folder do not mix. */
  append(checkpoint: Checkpoint): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    appendFileSync(this.#fileOf(checkpoint.tenant_id), `${JSON.stringify(checkpoint)}\n`, { mode: 0o600 })
  }

  /** Line by line, oldest first; null for one that is not a checkpoint. */
  async *read(tenantId: string): AsyncGenerator<Checkpoint | null> {
    const file = this.#fileOf(tenantId)
    if (!existsSync(file)) return
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line !== '') yield readCheckpoint(line)
    }
  }

  #fileOf(tenantId: string): string {
    return join(this.#folder, `${tenantId}.jsonl`)
  }
}

function readCheckpoint(line: string): Checkpoint | null {
  if (line.length > lineBytesMax) return null
  try {
    return checkpointSchema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
