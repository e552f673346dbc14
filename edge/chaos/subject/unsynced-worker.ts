import './small-limits.ts'
import Sqlite from 'better-sqlite3'

/* The journal's thread with a database that promises nothing: the harness must find what that loses. */
const { prototype } = Sqlite
const whole = Object.getOwnPropertyDescriptor(prototype, 'pragma')?.value as Sqlite.Database['pragma']
prototype.pragma = function (this: Sqlite.Database, source: string, options?: Sqlite.PragmaOptions) {
  return whole.call(this, source.replace(/synchronous\s*=\s*FULL/i, 'synchronous = OFF'), options)
}
await import('../../server/src/pipeline/journal-worker.ts')
