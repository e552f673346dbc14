import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { edgeNodeEnvironment } from '../node-arguments.mjs'
import { startSubject } from './processes.ts'

const seesEnvironments = existsSync('/proc/self/environ')

test.skipIf(!seesEnvironments)(
  `what is measured has the memory settings of the product${seesEnvironments ? '' : ' (skipped: this system does not show the environment of a process)'}`,
  { timeout: 60_000 },
  async () => {
    const subject = await startSubject({ ruleCount: 0 })
    try {
      const environment = readFileSync(`/proc/${subject.pid}/environ`, 'utf8').split('\0')
      for (const [name, value] of Object.entries(edgeNodeEnvironment('')))
        if (name.startsWith('MALLOC_')) expect(environment).toContain(`${name}=${value}`)
      expect(environment.some((each) => each.startsWith('NODE_COMPILE_CACHE='))).toBe(true)
    } finally {
      await subject.stop()
    }
  },
)
