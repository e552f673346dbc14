import { cloudPaths, courierPieceBytes, fill } from '@jidoka/contract'
import type { CourierFile } from '@jidoka/contract'
import { CourierWriter, keyFingerprint, readBatchHeader, syncPaths, protocolVersion } from '@jidoka/sync-protocol'
import type { CourierTrailer } from '@jidoka/sync-protocol'
import type { KeyObject } from 'node:crypto'
import type { Answer, TestEdge, World } from './world.ts'

// Courier files as an edge writes them, and as a person brings them to the console.

/** Tells the cloud the edge's key, and learns the cloud's. */
export async function exchangeKeys(edge: TestEdge, courierKey: string): Promise<string> {
  const body = Buffer.from(JSON.stringify({ protocol: protocolVersion, courier_key: courierKey }))
  const answer = await edge.signed('PUT', syncPaths.courierKey, body)
  if (answer.status !== 200) throw new Error(`the keys were not exchanged: ${JSON.stringify(answer.body)}`)
  return answer.body.trust.courier_key
}

export function upFile(
  edge: TestEdge,
  cloudKey: string,
  batches: readonly Uint8Array[],
  changes: {
    readonly tenant?: string
    readonly signer?: KeyObject
    readonly signedBy?: string
    readonly fileId?: string
    readonly createdAtMs?: number
  } = {},
): Buffer {
  const writer = new CourierWriter(
    {
      direction: 'up',
      tenant_id: changes.tenant ?? 'demo',
      edge_id: edge.id,
      epoch: edge.epoch,
      created_at_ms: changes.createdAtMs ?? edge.world.clock.nowMs(),
      signed_by: changes.signedBy ?? keyFingerprint(edge.publicKey),
      ...(changes.fileId === undefined ? {} : { file_id: changes.fileId }),
    },
    changes.signer ?? edge.privateKey,
    cloudKey,
  )
  const held = { records: null, readings: null } as NonNullable<CourierTrailer['lanes']>
  for (const batch of batches) {
    const { lane, from_seq, to_seq } = readBatchHeader(batch)
    held[lane] = { from_seq: held[lane]?.from_seq ?? from_seq, to_seq }
  }
  const head = writer.head()
  return Buffer.concat([
    head,
    ...batches.map((batch) => writer.chunk(batch)),
    writer.end({ lanes: held, has_more: false }),
  ])
}

const asBytes = async (world: World, method: string, path: string, body: Uint8Array, login?: string): Promise<Answer> =>
  world.request(method, path, { body, headers: { authorization: `Bearer ${await world.accessToken(login)}` } })

export const begin = (world: World, file: Uint8Array, login?: string): Promise<Answer> =>
  asBytes(world, 'POST', `${cloudPaths.courierFiles}?bytes=${file.length}`, file.subarray(0, courierPieceBytes), login)

export const putPiece = (world: World, fileId: string, no: number, file: Uint8Array): Promise<Answer> =>
  asBytes(
    world,
    'PUT',
    fill(cloudPaths.courierPiece, { file: fileId, no: String(no) }),
    file.subarray(no * courierPieceBytes, (no + 1) * courierPieceBytes),
  )

async function until(world: World, fileId: string, isThere: (file: CourierFile) => boolean): Promise<CourierFile> {
  for (let asked = 0; asked < 100_000; asked++) {
    // Not over HTTP, which bounds how often anybody may ask.
    const file = await world.cloud.courier.desk.file('demo', fileId)
    if (isThere(file)) return file
  }
  throw new Error('the file does not come to an end')
}

/** The file once nobody works on it. */
export const settled = (world: World, fileId: string): Promise<CourierFile> =>
  until(world, fileId, ({ state }) => state !== 'checking' && state !== 'applying')

/** The file once it is done or refused. */
export const ended = (world: World, fileId: string): Promise<CourierFile> =>
  until(world, fileId, ({ state }) => state === 'done' || state === 'refused')

/** Brings a whole file, pieces last to first, and waits for what comes of it. */
export async function bring(world: World, file: Uint8Array): Promise<CourierFile> {
  const begun = await begin(world, file)
  if (begun.status !== 200) throw new Error(`refused: ${JSON.stringify(begun.body)}`)
  const { file_id: fileId, pieces_missing: missing } = begun.body.data as CourierFile
  for (const no of missing.toReversed()) {
    const { status, body } = await putPiece(world, fileId, no, file)
    if (status !== 200) throw new Error(`piece ${no} was refused: ${JSON.stringify(body)}`)
  }
  return settled(world, fileId)
}
