import type { KeyObject } from 'node:crypto'
import { readKeyList } from './audit-keys.ts'
import type { FindKey } from './audit-keys.ts'
import { checkCheckpoint, ChainWalk } from './chain-walk.ts'
import type { SignedLink } from './chain-walk.ts'
import { exportLineSchema } from './export.ts'
import type { ExportLine } from './export.ts'
import { Findings } from './finding.ts'
import type { Finding } from './finding.ts'

/** An entry of the largest record of an edge, in JSON that escapes every letter, is smaller. */
const lineLettersMax = 16_000_000

export interface ExportVerdict {
  readonly tenantId: string
  readonly positions: number
  readonly checkpoints: number
  readonly findings: readonly Finding[]
}

/**
 * Checks an export with nothing but one public key of the cloud, whichever was in force when it was given. Whether the program wrote an entry it cannot say, as that takes the secret half;
 * that it has stood there since it was signed it can. Keys from before the one that is trusted are believed below a signature of that one or of a later one alone: who has given an old one
 * up, as somebody else has it, must not be told by it what the log was.
 */
export async function checkExport(lines: AsyncIterable<string>, publicKey: KeyObject): Promise<ExportVerdict> {
  const findings = new Findings()
  let head: Extract<ExportLine, { kind: 'audit_export' }> | undefined
  let link: SignedLink = { hash: '', reachedMs: -Infinity }
  // Without a list that counts, the key that was given alone is believed, by whatever name.
  let find: FindKey = () => ({ publicKey, fromMs: -Infinity, untilMs: Infinity })
  let trustedFromMs = -Infinity
  let signedUpTo = 0
  let signedBeforeUpTo = 0
  let checkpoints = 0
  const walk = new ChainWalk(findings, ({ entry }) => (entry?.tenant_id === head?.tenant_id ? null : false))
  let lineNo = 0
  for await (const text of lines) {
    lineNo++
    const line = readLine(text)
    if (line === null || (line.kind === 'audit_export') !== (lineNo === 1)) {
      findings.add('changed', `line ${lineNo}`)
    } else if (line.kind === 'audit_export') {
      head = line
      const listed = readKeyList(line.key_list, publicKey)
      if (listed === null) findings.add('keys', `line ${lineNo}`)
      else ({ find, trustedFromMs } = listed)
    } else if (line.kind === 'link') {
      const hash = Buffer.from(line.hash, 'hex')
      walk.step({ position: line.position, sealedAt: line.sealed_at, entryId: line.entry_id, hash, entry: line.entry })
      link = { hash: line.hash, reachedMs: walk.reachedMs }
    } else {
      const { kind: _, ...checkpoint } = line
      checkpoints++
      const isOfHere = checkpoint.position === walk.position && checkpoint.tenant_id === head?.tenant_id
      const found = isOfHere ? link : { hash: 'of another place', reachedMs: -Infinity }
      if (!checkCheckpoint(findings, { checkpoint, find, link: found })) continue
      if ((find(checkpoint.key_id)?.fromMs ?? -Infinity) >= trustedFromMs) signedUpTo = checkpoint.position
      else signedBeforeUpTo = checkpoint.position
    }
  }
  const positions = head?.positions ?? 0
  if (walk.position === positions && signedBeforeUpTo === positions && signedUpTo < positions)
    findings.add('outdated', `the file says ${positions} entries, of which ${signedUpTo} are signed since`)
  else if (head === undefined || walk.position !== positions || signedUpTo !== positions)
    findings.add('truncated', `the file says ${positions} entries, has ${walk.position}, and ${signedUpTo} are signed`)
  return { tenantId: head?.tenant_id ?? '', positions: walk.position, checkpoints, findings: findings.list }
}

function readLine(text: string): ExportLine | null {
  if (text.length > lineLettersMax) return null
  try {
    return exportLineSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
