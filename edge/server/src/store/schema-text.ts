import { openForReading } from './database.ts'

/** The statements that make the store, with its version: what somebody far away needs to read a copy of it. */
export function schemaText(dataFolder: string): string {
  const database = openForReading(dataFolder)
  try {
    const version = Number(database.pragma('user_version', { simple: true }))
    const statements = database
      .prepare<[], { sql: string }>('select sql from sqlite_schema where sql is not null order by name')
      .all()
      .map(({ sql }) => `${sql};\n`)
    return `-- user_version ${version}\n${statements.join('')}`
  } finally {
    database.close()
  }
}
