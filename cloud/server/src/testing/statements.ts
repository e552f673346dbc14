import { Client } from 'pg'

/** What the work of a test asks of databases, in order; several statements that are sent as one text are one of these, and one round trip. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = []
  const { query } = Client.prototype
  Client.prototype.query = new Proxy(query, {
    apply: (target, client: Client, parameters: [unknown, ...unknown[]]) => {
      const [asked] = parameters
      texts.push(typeof asked === 'string' ? asked : String((asked as { text?: unknown }).text))
      return Reflect.apply(target, client, parameters as Parameters<typeof query>) as unknown
    },
  })
  try {
    await work()
  } finally {
    Client.prototype.query = query
  }
  return texts
}
