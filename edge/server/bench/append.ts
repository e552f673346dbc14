import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import { openForWriting } from '../src/store/database.ts'
import { JournalWriter } from '../src/store/journal-writer.ts'
import { answer, asked } from './ring.ts'

/** The journal's append alone: ready readings to a segment, one FULL commit each. */
export interface AppendQuestion {
  readonly readingsPerCommit: number
  readonly commits: number
  readonly warmUpCommits: number
}
export interface AppendAnswer {
  readonly readingsPerS: number
}

const { readingsPerCommit, commits, warmUpCommits } = asked() as AppendQuestion
const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-'))
const { database } = openForWriting(folder, Date.now())
const writer = new JournalWriter(database)
const builder = new SegmentBuilder()
/** A random walk of 60 tags with two decimals, made before: what is measured is the journal. */
const valuesCount = 60_000
const values = new Float64Array(valuesCount).fill(70)
for (let index = 60; index < valuesCount; index++)
  values[index] = Math.round(((values[index - 60] ?? 0) + Math.sin(index * 7.3) * 0.05) * 100) / 100
let seconds = 0
let seq = 1
for (let index = 0; index < warmUpCommits + commits; index++) {
  const nowMs = Date.now()
  const startMs = performance.now()
  writer.commit(() => {
    for (let reading = 0; reading < readingsPerCommit; reading++) {
      const at = (seq + reading) % valuesCount
      builder.push((at % 60) + 1, nowMs + (reading % 7), values[at] ?? 0, 'good')
    }
    writer.segment(seq, readingsPerCommit, nowMs, nowMs, nowMs + 6, builder.encode(seq, nowMs))
    seq += readingsPerCommit
    writer.lanes(seq, 1)
  })
  builder.reset()
  if (index >= warmUpCommits) seconds += (performance.now() - startMs) / 1_000
}
database.close()
rmSync(folder, { recursive: true, force: true })
answer({ readingsPerS: (commits * readingsPerCommit) / seconds } satisfies AppendAnswer)
