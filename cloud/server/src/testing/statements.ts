import { AsyncLocalStorage } from 'node:async_hooks'
import { Client } from 'pg'

const work = new AsyncLocalStorage<object>()

/**
 * What is asked of databases while the work of a test runs, in order; several statements that are sent as one text are one of these, and one round trip.
 * @param isAlone leaves out what jobs ask meanwhile
 */
export async function statementsOf(asks: () => Promise<unknown>, isAlone = false): Promise<string[]> {
  const texts: string[] = []
  const mine = {}
  const descriptor = Object.getOwnPropertyDescriptor(Client.prototype, 'query')
  const query: unknown = descriptor?.value
  if (descriptor === undefined || typeof query !== 'function')
    throw new TypeError('a client of pg has a method "query"')
  Object.defineProperty(Client.prototype, 'query', {
    ...descriptor,
    value(this: Client, asked: unknown, ...more: unknown[]): unknown {
      if (!isAlone || work.getStore() === mine)
        texts.push(typeof asked === 'string' ? asked : String((asked as { text?: unknown }).text))
      return Reflect.apply(query, this, [asked, ...more])
    },
  })
  try {
    await work.run(mine, asks)
  } finally {
    Object.defineProperty(Client.prototype, 'query', descriptor)
  }
  return texts
}
