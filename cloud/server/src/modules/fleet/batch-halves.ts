import { advanceReadings } from '@jidoka/sync-protocol'
import type { DecodedBatch } from '@jidoka/sync-protocol'

/**
 * A batch of readings as two that follow each other, cut between segments about the middle of its readings; null of one that cannot be cut. The second
 * builds upon where the first ends, as the edge would have said: both are held against other histories as the whole was (S16).
 */
export function halvesOf(batch: DecodedBatch): readonly [DecodedBatch, DecodedBatch] | null {
  if (batch.kind !== 'readings' || batch.segments.length < 2) return null
  const { header, segments } = batch
  const half = header.from_seq + header.count / 2
  const middle = segments.findIndex((segment) => segment.firstSeq + segment.count > half)
  const at = Math.min(Math.max(middle, 1), segments.length - 1)
  const [first, second] = [segments.slice(0, at), segments.slice(at)]
  const endSeq = (second[0]?.firstSeq ?? 0) - 1
  const { base } = header
  const part = (fromSeq: number, toSeq: number) => ({
    ...header,
    from_seq: fromSeq,
    to_seq: toSeq,
    count: toSeq - fromSeq + 1,
  })
  return [
    { kind: 'readings', header: part(header.from_seq, endSeq), segments: first },
    {
      kind: 'readings',
      header: {
        ...part(endSeq + 1, header.to_seq),
        // A segment may begin before the base, and the base may lie behind the cut: then it is that of both.
        ...(base === undefined ? {} : { base: advanceReadings(base, first) }),
      },
      segments: second,
    },
  ]
}
