import { createLog, ManualClock, systemClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, patient, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { readRedisAddress } from '../redis/address.ts'
import { RedisLink } from '../redis/link.ts'
import { GuardedCircuit } from './guarded-circuit.ts'
import { remoteLimits } from './limits.ts'
import { RedisCircuit } from './shared-circuits.ts'

const missing = redisIsMissing()
const log = createLog('test', { level: 'silent' })

describe.skipIf(missing !== null)(
  `circuits that processes share by Redis${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let server: RedisServer
    let link: RedisLink
    beforeAll(async () => {
      server = await RedisServer.start()
      link = new RedisLink({ address: readRedisAddress(server.url), clock: systemClock, log, registry: new Registry() })
      await link.start()
      patient(link)
    })
    afterAll(async () => {
      await link.stop()
      await server.close()
    })
    const processOf = (node: string) => {
      const clock = new ManualClock(Date.UTC(2026, 10, 21))
      const shared = new RedisCircuit({ link, clock, log, service: 'judgment', node })
      const circuit = new GuardedCircuit({ module: 'judgment', clock, log, shared })
      return { clock, circuit, fail: () => circuit.begin()?.failed() }
    }
    const open = async (node: string) => {
      const opened = processOf(node)
      for (let time = 0; time <= remoteLimits.circuitFailuresMax; time++) opened.fail()
      expect(opened.circuit.state).toBe('open')
      const key = `circuit:judgment:${node}`
      await eventually('the others can know', async () => (await link.commands.exists(key)) === 1)
      return { opened, key }
    }

    it('one that opened in one process opens in another at its first failure, and is kept a minute', async () => {
      const { key } = await open('10.0.0.1-8010')
      const ttlMs = await link.commands.pttl(key)
      expect(ttlMs).toBeGreaterThan(55_000)
      expect(ttlMs).toBeLessThanOrEqual(remoteLimits.circuitKeptMs)
      const other = processOf('10.0.0.1-8010')
      other.fail()
      await eventually('it is open here', () => other.circuit.state === 'open')
    })

    it('one of another node stays closed', async () => {
      await open('10.0.0.2-8010')
      const other = processOf('10.0.0.3-8010')
      other.fail()
      other.clock.advance(remoteLimits.circuitLookMs)
      other.fail()
      expect(await link.commands.exists('circuit:judgment:10.0.0.3-8010')).toBe(0)
      expect(other.circuit.state).toBe('closed')
    })

    it('one whose key is deleted by hand is closed within a second', async () => {
      const { opened, key } = await open('10.0.0.4-8010')
      const look = () => {
        opened.clock.advance(remoteLimits.circuitLookMs)
        opened.circuit.begin()?.left()
      }
      await eventually('it has been seen there', () => {
        look()
        return opened.circuit.isKnownToOthers
      })
      await link.commands.del(key)
      look()
      await eventually('it is closed', () => opened.circuit.state === 'closed')
    })

    it('one that closes takes its key away', async () => {
      const { opened, key } = await open('10.0.0.5-8010')
      opened.clock.advance(remoteLimits.circuitOpenMs)
      opened.circuit.begin()?.succeeded()
      expect(opened.circuit.state).toBe('closed')
      await eventually('the key is gone', async () => (await link.commands.exists(key)) === 0)
    })

    it('goes by itself when what Redis holds is none of ours', async () => {
      await link.commands.set('circuit:judgment:10.0.0.6-8010', 'OPEN')
      const { circuit, fail } = processOf('10.0.0.6-8010')
      fail()
      expect(circuit.state).toBe('closed')
      for (let time = 0; time < remoteLimits.circuitFailuresMax; time++) fail()
      expect(circuit.state).toBe('open')
    })
  },
)
