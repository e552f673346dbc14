import { Client } from 'pg'

/** What the work of a test asks of databases, in order; several statements that are sent as one text are one of these, and one round trip. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = []
  const descriptor = Object.getOwnPropertyDescriptor(Client.prototype, 'query')
  const query: unknown = descriptor?.value
  if (descriptor === undefined || typeof query !== 'function')
    throw new TypeError('a client of pg has a method "query"')
  Object.defineProperty(Client.prototype, 'query', {
    ...descriptor,
    value(this: Client, asked: unknown, ...more: unknown[]): unknown {
      texts.push(typeof asked === 'string' ? asked : String((asked as { text?: unknown }).text))
      return Reflect.apply(query, this, [asked, ...more])
    },
  })
  try {
    await work()
  } finally {
    Object.defineProperty(Client.prototype, 'query', descriptor)
  }
  return texts
}
