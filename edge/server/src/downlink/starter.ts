import { readFileSync } from 'node:fs'
import { ConfigError, describeError, isErrno } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { DesiredItem } from '@jidoka/domain'
import { desiredItemSchema } from '@jidoka/domain'
import { z } from 'zod'
import type { DesiredPosition, JournalReader, Pipeline } from '../ports.ts'

/** Where a folder stands that has only its starter: the follower begins at the beginning of the shape. */
const starterPosition: DesiredPosition = { handle: 'starter', offset: '-1' }
export const isStarterPosition = (position: DesiredPosition): boolean => position.handle === starterPosition.handle

/**
 * What a new data folder begins with, until the cloud says what it wants.
 * @throws ConfigError with a sentence for each mistake of the file.
 */
export function readStarter(file: string): readonly DesiredItem[] {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = isErrno(cause, 'ENOENT') ? 'there is no such file' : describeError(cause)
    throw new ConfigError([`The starter file ${file} cannot be read: ${why}.`], file, { cause })
  }
  const parsed = z.array(desiredItemSchema).safeParse(json)
  if (parsed.success) return parsed.data
  throw new ConfigError(
    parsed.error.issues
      .slice(0, 20)
      .map((issue) => `The starter file ${file} is wrong at "${issue.path.join('.')}": ${issue.message}.`),
    file,
  )
}

/** Applies the starter to a folder for which nothing is desired yet; a folder in use is left alone. */
export async function applyStarter(
  file: string,
  journal: {
    readonly pipeline: Pick<Pipeline, 'applyDesired'>
    readonly reader: Pick<JournalReader, 'desired' | 'desiredPosition'>
    readonly log: Log
  },
): Promise<void> {
  const { pipeline, reader, log } = journal
  if (reader.desiredPosition() !== null || reader.desired().length > 0) return
  const reported = await pipeline.applyDesired({
    upserts: readStarter(file),
    removals: [],
    replaceAll: false,
    position: starterPosition,
  })
  for (const item of reported)
    if (item.problem !== null) log.error({ action: 'starter', kind: item.kind, key: item.key }, item.problem)
  log.info({ action: 'starter', items: reported.length }, 'the starter is applied')
}
