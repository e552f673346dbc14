import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ManualClock } from '@jidoka/base'
import type { NewRecord } from '@jidoka/domain'
import { mergeSegments, SegmentBuilder } from '@jidoka/sync-protocol'
import type { Lane } from '@jidoka/sync-protocol'
import { openForWriting } from '../../store/database.ts'
import type { Database } from '../../store/database.ts'
import { segmentFileName, writeSegmentFile } from '../../store/segment-files.ts'
import type { DiskSpace } from '../disk-space.ts'
import { keepingDefaults } from '../policy.ts'
import type { KeepingPolicy } from '../policy.ts'
import { Retention } from '../retention.ts'

export const gibibyte = 2 ** 30

/** A journal's files and tables, written directly: what retention and salvage see, without the pipeline above. */
export class KeptJournal {
  readonly folder = mkdtempSync(join(tmpdir(), 'jidoka-keeping-'))
  readonly clock = new ManualClock()
  database: Database
  space: DiskSpace = { totalBytes: 100 * gibibyte, usedBytes: 10 * gibibyte, freeBytes: 90 * gibibyte }
  next = { readings: 1, records: 1 }

  constructor() {
    this.database = openForWriting(this.folder, this.clock.nowMs()).database
  }

  retention(change: Partial<KeepingPolicy> = {}): Retention {
    return new Retention({
      database: this.database,
      dataFolder: this.folder,
      clock: this.clock,
      space: () => this.space,
      reserveMissingBytes: () => 0,
      policy: { ...keepingDefaults, bytesMax: null, hasCloud: true, ...change },
    })
  }

  /** One commit of readings, as a row or as a file. */
  segment(count: number, place: 'row' | 'file' = 'row'): void {
    const firstSeq = this.next.readings
    const nowMs = this.clock.nowMs()
    const builder = new SegmentBuilder()
    for (let index = 0; index < count; index++) builder.push(1, nowMs, Math.sin(firstSeq + index), 'good')
    const commit = builder.encode(firstSeq, nowMs)
    const body = place === 'file' ? mergeSegments([commit]) : commit
    if (place === 'row') {
      this.database
        .prepare(
          'insert into reading_segments (first_seq, count, received_ms, from_ms, to_ms, body) values (?, ?, ?, ?, ?, ?)',
        )
        .run(firstSeq, count, nowMs, nowMs, nowMs, body)
    } else {
      const file = segmentFileName(firstSeq, count)
      writeSegmentFile(this.folder, file, body)
      this.database
        .prepare('insert into segment_files values (?, ?, 2, ?, ?, ?, ?, ?)')
        .run(firstSeq, count, nowMs, nowMs, nowMs, body.length, file)
    }
    this.next.readings += count
    this.#lane('readings')
  }

  record(record: { readonly kind: NewRecord['kind']; readonly body: unknown }): void {
    const seq = this.next.records++
    const nowMs = this.clock.nowMs()
    const line = JSON.stringify({ seq, at_ms: nowMs, kind: record.kind, body: record.body })
    this.database
      .prepare('insert into records (seq, at_ms, kind, line, crc) values (?, ?, ?, ?, ?)')
      .run(seq, nowMs, record.kind, line, crc32(line))
    this.#lane('records')
  }

  judgment(isNormal: boolean): void {
    const seq = this.next.records
    const body = {
      id: `j-${seq}`,
      rule_id: 'hot',
      line: 'LINE-A',
      status: isNormal ? 'NORMAL' : 'HIGH',
      normal: isNormal,
      judged_at_ms: this.clock.nowMs(),
    }
    this.record({ kind: 'judgment', body })
    this.database
      .prepare('insert into judgments values (?, ?, ?, ?, ?, ?, ?)')
      .run(seq, body.id, 'hot', 'LINE-A', body.status, isNormal ? 0 : 1, body.judged_at_ms)
  }

  receipt(lane: Lane, upToSeq: number): void {
    this.database
      .prepare('insert or replace into receipts (lane, body) values (?, ?)')
      .run(lane, JSON.stringify({ up_to_seq: upToSeq, epoch: 'epoch-of-the-receipt' }))
  }

  /** Takes steps until nothing more goes; returns the bodies of the drop records. */
  drop(
    retention: Pick<Retention, 'plan' | 'carryOut' | 'finish'>,
    settled = { readings: Infinity, records: Infinity },
  ): NewRecord['body'][] {
    const told: NewRecord['body'][] = []
    for (let step = 0; step < 1_000; step++) {
      const planned = retention.plan(settled, true)
      if (planned === null) return told
      const before = told.length
      this.database.transaction(() => {
        retention.carryOut(planned, this.clock.nowMs(), (record) => told.push(record.body))
        for (const body of told.slice(before)) this.record({ kind: 'drop', body })
      })()
      retention.finish(planned)
    }
    throw new Error('it never ends')
  }

  all<Row>(sql: string): Row[] {
    return this.database.prepare<[], Row>(sql).all()
  }

  gaps(lane: Lane): { from: number; to: number; count: number; reason: string }[] {
    return this.all(
      `select from_seq as "from", to_seq as "to", count, reason from gaps where lane = '${lane}' order by from_seq`,
    )
  }

  /** Every number of a lane that was given is held once or lies in one gap. */
  unaccounted(lane: Lane): number[] {
    const held =
      lane === 'readings'
        ? this.all<{ from: number; to: number }>(
            `select first_seq as "from", first_seq + count - 1 as "to" from reading_segments
             union all select first_seq, first_seq + count - 1 from segment_files`,
          )
        : this.all<{ from: number; to: number }>('select seq as "from", seq as "to" from records')
    const times = new Uint8Array(this.next[lane])
    for (const { from, to } of [...held, ...this.gaps(lane)])
      for (let seq = from; seq <= to; seq++) times[seq] = (times[seq] ?? 0) + 1
    return [...times.keys()].filter((seq) => seq > 0 && times[seq] !== 1)
  }

  holdsFile(firstSeq: number, count: number): boolean {
    return existsSync(join(this.folder, segmentFileName(firstSeq, count)))
  }

  close(): void {
    this.database.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #lane(lane: Lane): void {
    this.database.prepare('update lanes set next_seq = ? where lane = ?').run(this.next[lane], lane)
  }
}
