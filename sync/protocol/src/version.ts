import { z } from 'zod'

/**
 * History, newest first. A minor version adds what the older end can do without; a major one breaks it.
 *
 * - 1.1: a batch of readings may hold merged segments (version 2). A cloud of 1.0 refuses those as malformed: upgrade the cloud first.
 *   Records of runs of normal verdicts; drops say how many rows and of what; a judgment says when another one goes on standing.
 * - 1.0: batches of two lanes (columnar segments, NDJSON records, dropped ranges), cursor, signed receipts, refusals,
 *   enrolment by one-time token, requests signed with Ed25519, desired state as a shape.
 */
export const protocolVersion = '1.1'

/**
 * SHA-256 over the JSON schemas of all messages (`schemaDigest`). When the test of this file fails you have changed what
 * goes over the line: raise `protocolVersion`, add a line to the history, and put the new digest here.
 */
export const protocolSchemaDigest = '42b338eba7268044c5029fff70cfd639b8e0b5460f02b028ff87edfb734700bc'

export const protocolVersionSchema = z.string().regex(/^\d{1,3}\.\d{1,3}$/, 'a protocol version looks like "1.0"')

/** Which end is too old to understand the other; null when they understand each other: same major, at most one minor behind or ahead. */
export function endToUpgrade(
  theirs: string,
  they: 'edge' | 'cloud',
  ours: string = protocolVersion,
): 'edge' | 'cloud' | null {
  const [theirMajor = 0, theirMinor = 0] = theirs.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = ours.split('.').map(Number)
  if (theirMajor === ourMajor && Math.abs(theirMinor - ourMinor) <= 1) return null
  const we = they === 'edge' ? 'cloud' : 'edge'
  return theirMajor < ourMajor || (theirMajor === ourMajor && theirMinor < ourMinor) ? they : we
}
