import { recognise } from '@jidoka/contract'
import type { ToldCode } from '@jidoka/contract'
import { describeFailure, describeProblem } from '@jidoka/sync-engine'
import type { LaneProblem } from '@jidoka/sync-engine'
import { CourierError, readCourier, refusals } from '@jidoka/sync-protocol'
import type { Refusal } from '@jidoka/sync-protocol'
import { globSync, readFileSync } from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describeError } from '@jidoka/base'
import { describe, expect, test } from 'vitest'

// What pages show in other languages than English is found by its text (told-sentences.ts of the contract). A sentence that is changed here
// and not there would be shown in English: these tests say so.

const codeOf = (text: string): ToldCode | null => recognise(text)?.code ?? null

describe('what the line says of itself is known to the pages', () => {
  test('each refusal of the cloud', () => {
    for (const [kind, { sentence }] of Object.entries(refusals))
      expect([kind, codeOf(sentence)]).toEqual([kind, `refusal.${kind}`])
  })

  test('each problem of a lane', () => {
    const refusal: Refusal = { kind: 'malformed', detail: 'row 7: at_ms: expected a number' }
    const problems: readonly (readonly [LaneProblem, ToldCode])[] = [
      [{ kind: 'refused', refusal }, 'refusal.malformed_with'],
      [{ kind: 'refused', refusal: { kind: 'revoked' } }, 'refusal.revoked'],
      [{ kind: 'diverged', seq: 7 }, 'lane.diverged'],
      [{ kind: 'cloud_ahead', cloudSeq: 7 }, 'lane.cloud_ahead'],
      [{ kind: 'forged_receipt' }, 'lane.forged_receipt'],
      [{ kind: 'unreadable', cause: 'disk I/O error' }, 'lane.unreadable'],
      [{ kind: 'poison_limit', seq: 7, detail: 'it is not JSON' }, 'lane.poison_limit'],
    ]
    for (const [problem, code] of problems)
      expect([problem.kind, codeOf(describeProblem(problem))]).toEqual([problem.kind, code])
  })

  test('each way in which no answer comes', () => {
    expect(codeOf(describeFailure({ kind: 'timeout' }))).toBe('line.no_answer')
    expect(codeOf(describeFailure({ kind: 'strange_answer', status: 502, retryAfterMs: null }))).toBe('line.strange')
    expect(codeOf(describeFailure({ kind: 'refused', refusal: { kind: 'revoked' } }))).toBe('line.refused')
  })

  test('a connection that this system refuses, as it says it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [Error]
    expect(recognise(describeError(error))).toEqual({
      code: 'line.connection_refused',
      values: { address: `127.0.0.1:${port}` },
    })
    const refused: unknown = await fetch(`http://127.0.0.1:${port}`).catch((cause: unknown) => cause)
    const cause = refused instanceof Error ? refused.cause : null
    expect(codeOf(describeError(cause))).toBe('line.connection_refused')
  })

  test('each sentence of whoever sends, receives, carries files and runs commands', () => {
    const literal =
      /\b(?:Operational|Courier|CourierBusy|SyncDesk|ReceiptDesk)Error\(\s*(?:'[a-z_]+',\s+)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g
    const root = new URL('../../../../', import.meta.url)
    const files = globSync('{edge/server/src/{courier,commands,uplink},sync/protocol/src/courier}/**/*.ts', {
      cwd: root,
    })
    const said = files
      .filter((file) => !/test/.test(file))
      .flatMap((file) => [...readFileSync(new URL(file, root), 'utf8').matchAll(literal)])
      .map(([, quoted = '']) =>
        quoted
          .slice(1, -1)
          .replaceAll(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '7')
          .replaceAll(/\\(.)/g, '$1'),
      )
      .filter((text) => text.includes(' '))
    expect(said.length).toBeGreaterThan(30)
    // Said at a start, on no page.
    const ofTheStart = 'The identity 7 cannot be read.'
    expect(said.filter((text) => codeOf(text) === null && !text.startsWith(ofTheStart))).toEqual([])
  })

  test('a file that is no courier file, or a part of one', async () => {
    const recipientKey = generateKeyPairSync('x25519').privateKey
    const faultOf = async (bytes: Buffer) => {
      const chunks = readCourier([bytes], { as: 'edge', recipientKey, senderKey: () => '' })
      const error: unknown = await chunks.next().catch((cause: unknown) => cause)
      return error instanceof CourierError ? codeOf(error.message) : error
    }
    expect(await faultOf(Buffer.alloc(100))).toBe('courier.none')
    expect(await faultOf(Buffer.from('JIDOKA'))).toBe('courier.torn')
  })
})
