import type { KeyObject } from 'node:crypto'
import { checkCheckpoint, ChainWalk } from './chain-walk.ts'
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
 * Checks an export with nothing but the public key. Whether the program wrote an entry it cannot say, as that takes the secret half;
 * that it has stood there since it was signed it can.
 */
export async function checkExport(lines: AsyncIterable<string>, publicKey: KeyObject): Promise<ExportVerdict> {
  const findings = new Findings()
  let head: Extract<ExportLine, { kind: 'audit_export' }> | undefined
  let hash: Uint8Array = new Uint8Array(0)
  let signedUpTo = 0
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
    } else if (line.kind === 'link') {
      hash = Buffer.from(line.hash, 'hex')
      walk.step({ position: line.position, sealedAt: line.sealed_at, entryId: line.entry_id, hash, entry: line.entry })
    } else {
      const { kind: _, ...checkpoint } = line
      checkpoints++
      const isOfHere = checkpoint.position === walk.position && checkpoint.tenant_id === head?.tenant_id
      const found = isOfHere ? Buffer.from(hash).toString('hex') : 'of another place'
      if (checkCheckpoint(findings, { checkpoint, publicKey, hash: found })) signedUpTo = checkpoint.position
    }
  }
  const positions = head?.positions ?? 0
  if (head === undefined || walk.position !== positions || signedUpTo !== positions)
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
