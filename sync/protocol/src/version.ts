import { z } from 'zod'

/**
 * History, newest first. A minor version adds what the older end can do without; a major one breaks it.
 *
 * - 1.3: a batch says what else waits at its edge, so that the cloud can tell how far behind it is. An edge leaves it out towards an older cloud, and
 *   in courier files and repairs, which arrive when it is no longer true.
 * - 1.2: a batch names the point that it builds upon and the first number of its epoch, so that copies and old images are noticed (troubles)
 *   and an epoch goes on with the numbers of its journal; signed trust lists; digests by range, and repairs; commands; courier files.
 *   An edge leaves the new members out towards a cloud that says 1.1, a cloud towards an edge that does not ask with its version.
 * - 1.1: a batch of readings may hold merged segments (version 2). A cloud of 1.0 refuses those as malformed: upgrade the cloud first.
 *   Records of runs of normal verdicts; drops say how many rows and of what; a judgment says when another one goes on standing.
 * - 1.0: batches of two lanes (columnar segments, NDJSON records, dropped ranges), cursor, signed receipts, refusals,
 *   enrolment by one-time token, requests signed with Ed25519, desired state as a shape.
 */
export const protocolVersion = '1.3'

/**
 * SHA-256 over the JSON schemas of all messages. When the test of this file fails you have changed what
 * goes over the line: raise `protocolVersion`, add a line to the history, and put the new digest here.
 */
export const protocolSchemaDigest = '74150e955a8e2528a5a6d3b155cc791ab2289667e2cb69f6226abde377201d6f'

export const protocolVersionSchema = z.string().regex(/^\d{1,3}\.\d{1,3}$/, 'a protocol version looks like "1.0"')

/**
 * Which end is too old to understand the other; null when they understand each other. A cloud reads every older minor version of its major
 * one, so an edge may be years behind; it understands an edge that is one minor version ahead, and no more.
 */
export function endToUpgrade(
  theirs: string,
  they: 'edge' | 'cloud',
  ours: string = protocolVersion,
): 'edge' | 'cloud' | null {
  const [theirMajor = 0, theirMinor = 0] = theirs.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = ours.split('.').map(Number)
  const we = they === 'edge' ? 'cloud' : 'edge'
  if (theirMajor !== ourMajor) return theirMajor < ourMajor ? they : we
  const edgeAhead = they === 'edge' ? theirMinor - ourMinor : ourMinor - theirMinor
  return edgeAhead > 1 ? 'cloud' : null
}

/** Whether who says `theirs` knows what came with `since`, of the same major version. */
export function isAtLeast(theirs: string, since: string): boolean {
  const [theirMajor = 0, theirMinor = 0] = theirs.split('.').map(Number)
  const [major = 0, minor = 0] = since.split('.').map(Number)
  return theirMajor > major || (theirMajor === major && theirMinor >= minor)
}

/** Whether what is written with this version may hold members that we do not know. */
export function isAheadOfUs(theirs: string, ours: string = protocolVersion): boolean {
  const [theirMajor = 0, theirMinor = 0] = theirs.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = ours.split('.').map(Number)
  return theirMajor === ourMajor && theirMinor > ourMinor
}
