import { createLog, systemClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { it } from 'vitest'
import { eventually, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { readRedisAddress } from './address.ts'
import { RedisLink } from './link.ts'

const missing = redisIsMissing()

/*
 * ioredis gives a connection up for good, and says `end`, when it hears of a fail-over while it asks the sentinels for the master: one fail-over in
 * three on a busy machine. What it hears then is what it hears here, where the connection is given up by hand.
 */
it.skipIf(missing !== null)(
  `a connection that the client has given up comes back, and hears what it listened to${missing === null ? '' : ` (skipped: ${missing})`}`,
  async () => {
    const server = await RedisServer.start()
    const link = new RedisLink({
      address: readRedisAddress(server.url),
      clock: systemClock,
      log: createLog('test', { level: 'silent' }),
      registry: new Registry(),
    })
    try {
      await link.start()
      const messages = link.connection('messages')
      const heard: string[] = []
      messages.on('message', (_, text) => heard.push(text))
      await messages.connect()
      await messages.subscribe('news')
      for (const connection of [link.commands, messages]) connection.disconnect()
      await eventually('both are given up', () => !link.isUp && messages.status === 'end')
      await eventually('both are back', () => link.isUp && messages.status === 'ready')
      await eventually('it listens', async () => (await link.commands.publish('news', 'back')) === 1)
      await eventually('it is heard', () => heard.includes('back'))
    } finally {
      await link.stop()
      await server.close()
    }
  },
)
