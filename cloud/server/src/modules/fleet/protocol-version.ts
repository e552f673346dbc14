import { endToUpgrade, protocolVersionSchema } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { RefusalError } from '../../platform/http/problem.ts'

const versionOnlySchema = z.looseObject({ protocol: protocolVersionSchema })

/**
 * The version that an edge's message says of itself, before anything else of it is looked at: a newer one may have members that this
 * program does not know, and a list of wrong fields would send its reader to the wrong end.
 * @throws RefusalError `protocol_version`
 */
export function checkProtocol(message: unknown): void {
  const version = versionOnlySchema.safeParse(message)
  if (version.success) understand(version.data.protocol)
}

/** Of a cursor's query; an asker from before 1.2 says none. */
const askedVersionSchema = protocolVersionSchema.default('1.1')

/**
 * Whether who asks for a cursor knows its members of 1.2.
 * @throws ZodError, RefusalError `protocol_version`
 */
export function knowsTroublesAndTrust(asked: string | undefined): boolean {
  const version = askedVersionSchema.parse(asked)
  understand(version)
  return minorOf(version) >= 2
}

function understand(version: string): void {
  const upgrade = endToUpgrade(version, 'edge')
  if (upgrade !== null) throw new RefusalError({ kind: 'protocol_version', upgrade })
}

const minorOf = (version: string): number => Number(version.split('.')[1])
