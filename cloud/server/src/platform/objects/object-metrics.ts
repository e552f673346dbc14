import type { Clock } from '@jidoka/base'
import type { Registry } from 'prom-client'
import { Counter, Histogram } from 'prom-client'
import type { Blobs } from './blobs.ts'

type Operation = 'write' | 'read' | 'remove' | 'check'

export class ObjectMetrics {
  readonly seconds: Histogram<'operation'>
  readonly failures: Counter<'operation'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.seconds = new Histogram({
      name: 'jidoka_objects_duration_seconds',
      help: 'How long the bucket or the folder took: to write a whole object, to begin reading, to remove, to answer the check',
      labelNames: ['operation'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
      registers,
    })
    this.failures = new Counter({
      name: 'jidoka_objects_failures_total',
      help: 'What the bucket or the folder did not do',
      labelNames: ['operation'],
      registers,
    })
  }
}

export class UploadMetrics {
  readonly uploads: Counter<'outcome'>
  readonly overQuota: Counter<'limit'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.uploads = new Counter({
      name: 'jidoka_objects_uploads_total',
      help: 'Files that came by a link: stored; repeated: it was there already; failed: refused, cut off, or the link was none',
      labelNames: ['outcome'],
      registers,
    })
    this.overQuota = new Counter({
      name: 'jidoka_objects_over_quota_total',
      help: 'Files that did not fit what their tenant may store, archives too',
      labelNames: ['limit'],
      registers,
    })
  }
}

/** The same, each call of it counted. What fails while bytes are on their way out is the reader's to tell. */
export function measuredBlobs(blobs: Blobs, metrics: ObjectMetrics, clock: Clock): Blobs {
  const measured = async <Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> => {
    const fromMs = clock.monotonicMs()
    try {
      return await work()
    } catch (error) {
      metrics.failures.inc({ operation })
      throw error
    } finally {
      metrics.seconds.observe({ operation }, (clock.monotonicMs() - fromMs) / 1_000)
    }
  }
  return {
    kind: blobs.kind,
    write: (name, body) => measured('write', () => blobs.write(name, body)),
    read: (name, offset, length) => measured('read', () => blobs.read(name, offset, length)),
    remove: (name) => measured('remove', () => blobs.remove(name)),
    check: () => measured('check', () => blobs.check()),
  }
}
