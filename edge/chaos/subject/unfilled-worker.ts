import './small-limits.ts'
import { WindowBank } from '../../server/src/windows/window-bank.ts'
import type { WindowReader } from '../../server/src/windows/window-reader.ts'

/* The journal's thread that begins each life with empty windows: the harness must find that judging anew sees others. */
const nothing: WindowReader = {
  *findStart() {
    yield
    return null
  },
  readTagsFrom: () => [],
}
const { prototype } = WindowBank
const whole = Object.getOwnPropertyDescriptor(prototype, 'rebuild')?.value as WindowBank['rebuild']
prototype.rebuild = function (this: WindowBank) {
  return whole.call(this, nothing)
}
await import('../../server/src/pipeline/journal-worker.ts')
