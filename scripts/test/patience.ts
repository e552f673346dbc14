import { vi } from 'vitest'

// What is waited for comes in its own time, and Vitest gives it one second: a machine that others use stands still for longer than that now and then.
// Longer than it stands still; shorter than a test may take, so that what is said is what was waited for.
const patient = { timeout: 30_000 }

type Options = Parameters<typeof vi.waitUntil>[1]
const withPatience = (options: Options) => (typeof options === 'number' ? options : { ...patient, ...options })

const { waitFor, waitUntil } = vi
const ready = Symbol.for('jidoka.patience')
// Read again for each file, also where files share a process and with it the same `vi`.
if (!(ready in vi)) {
  vi.waitFor = (callback, options) => waitFor(callback, withPatience(options))
  vi.waitUntil = (callback, options) => waitUntil(callback, withPatience(options))
  Object.assign(vi, { [ready]: true })
}
