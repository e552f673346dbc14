import { openMerged, SegmentError } from '@jidoka/sync-protocol'
import type { Database } from '../store/database.ts'
import { listSegmentFiles, SegmentFile } from '../store/segment-files.ts'

/** What follows from the records is made again from them where its own table has lost rows. */
const rebuilt: Readonly<Record<string, string>> = {
  judgments: `
    insert or ignore into judgments (seq, id, rule_id, line, status, abnormal, at_ms)
    select seq, json_extract(line, '$.body.id'), json_extract(line, '$.body.rule_id'), json_extract(line, '$.body.line'),
      json_extract(line, '$.body.status'), not json_extract(line, '$.body.normal'), json_extract(line, '$.body.judged_at_ms')
    from records where kind = 'judgment' and seq not in (select seq from judgments)`,
  alarms: `
    insert or ignore into alarms (id, open, changed_at_ms, body)
    select json_extract(line, '$.body.id'), json_extract(line, '$.body.state') <> 'cleared',
      json_extract(line, '$.body.changed_at_ms'), json_extract(line, '$.body')
    from records where kind = 'alarm' order by seq desc`,
  tags: `
    insert or ignore into tags (tag_no, key, kind, unit)
    select json_extract(line, '$.body.tag_no'), json_extract(line, '$.body.key'), json_extract(line, '$.body.kind'),
      json_extract(line, '$.body.unit')
    from records where kind = 'tag' order by seq desc`,
}

export function rebuildFromRecords(database: Database, lostTables: ReadonlySet<string>): void {
  for (const [table, sql] of Object.entries(rebuilt)) if (lostTables.has(table)) database.exec(sql)
  database.exec('delete from judgments where seq not in (select seq from records)')
}

interface Found {
  readonly file: string
  readonly firstSeq: number
  readonly count: number
  readonly receivedMs: number
  readonly fromMs: number
  readonly toMs: number
  readonly bytes: number
}

/** Files whose row is lost say themselves what they hold. A larger one holds what a smaller one was made of. */
export function adoptFiles(database: Database, dataFolder: string): void {
  const isTaken = database.prepare<[Record<string, number>], { taken: number }>(`
    select exists (select 1 from reading_segments where first_seq <= @toSeq and first_seq + count > @fromSeq)
      or exists (select 1 from segment_files where first_seq <= @toSeq and first_seq + count > @fromSeq)
      or exists (select 1 from gaps where lane = 'readings' and from_seq <= @toSeq and to_seq >= @fromSeq) as taken`)
  const isNamed = database.prepare<[string]>('select 1 from segment_files where file = ?')
  const insert = database.prepare(`
    insert into segment_files (first_seq, count, level, received_ms, from_ms, to_ms, bytes, file)
    values (@firstSeq, @count, @level, @receivedMs, @fromMs, @toMs, @bytes, @file)`)
  const found = listSegmentFiles(dataFolder)
    // What has a row needs no second look, which reads all of the file.
    .filter((file) => isNamed.get(file) === undefined)
    .flatMap((file) => describe(dataFolder, file) ?? [])
  for (const each of found.toSorted((left, right) => right.count - left.count)) {
    const range = { fromSeq: each.firstSeq, toSeq: each.firstSeq + each.count - 1 }
    if (isTaken.get(range)?.taken === 1) continue
    insert.run({ ...each, level: each.count > wireReadingsMax ? 3 : 2 })
  }
}

/** What one segment may hold on the line; larger ones are of level 3. */
const wireReadingsMax = 65_536

function describe(dataFolder: string, file: string): Found | null {
  const source = SegmentFile.open(dataFolder, file)
  if (source === null) return null
  try {
    const merged = openMerged(source)
    merged.verify()
    const { firstSeq, count, fromMs, toMs } = merged
    return {
      file,
      firstSeq,
      count,
      fromMs,
      toMs,
      bytes: source.bytes,
      receivedMs: merged.commits.at(-1)?.receivedMs ?? 0,
    }
  } catch (error) {
    if (error instanceof SegmentError) return null
    throw error
  } finally {
    source.close()
  }
}
