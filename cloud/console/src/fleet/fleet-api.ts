import {
  cloudPaths,
  courierMediaType,
  fill,
  type CourierFile,
  type EdgeCommand,
  type EdgeOutage,
  type newCommandSchema,
} from '@jidoka/contract'
import type { Api, Download } from '@jidoka/ui'

export type NewCommand = (typeof newCommandSchema)['_zod']['input']

/** 2 min: a piece of 4 MiB over a line of 300 kbit/s. */
const pieceTimeoutMs = 120_000
/** A page of the ledger. */
const outagesLimit = 100

/** Every call of the console about a single edge's line: troubles, outages, commands, courier files. */
export function createFleetApi(api: Api) {
  const piece = (body: Blob) => body.slice(0, body.size, courierMediaType)
  return {
    revokeEdge: async (id: string) => {
      await api.delete(fill(cloudPaths.edge, { id }))
    },
    settleTroubles: async (id: string, reason: string) => {
      await api.post(fill(cloudPaths.edgeTroublesSettle, { id }), { reason })
    },
    outages: async (id: string, cursor: string | undefined, signal: AbortSignal) => {
      const query = { limit: outagesLimit, cursor }
      const { data, meta } = await api.get<EdgeOutage[]>(fill(cloudPaths.edgeOutages, { id }), { query, signal })
      return { rows: data, nextCursor: meta.next_cursor ?? null }
    },
    commands: async (id: string, signal: AbortSignal) =>
      (await api.get<EdgeCommand[]>(fill(cloudPaths.edgeCommands, { id }), { signal })).data,
    giveCommand: async (id: string, command: NewCommand) => {
      await api.post(fill(cloudPaths.edgeCommands, { id }), command)
    },
    withdrawCommand: async (id: string, command: string) => {
      await api.delete(fill(cloudPaths.edgeCommand, { id, command }))
    },
    commandBundle: (id: string, command: string): Promise<Download> =>
      api.download(fill(cloudPaths.edgeCommandBundle, { id, command })),
    courierForEdge: (id: string, onBytes: (bytes: number) => void): Promise<Download> =>
      api.download(fill(cloudPaths.edgeCourier, { id }), { onBytes }),
    courierFiles: async (signal: AbortSignal) =>
      (await api.get<CourierFile[]>(cloudPaths.courierFiles, { signal })).data,
    beginCourierFile: async (bytes: number, first: Blob, signal: AbortSignal) =>
      (
        await api.post<CourierFile>(cloudPaths.courierFiles, piece(first), {
          query: { bytes },
          signal,
          timeoutMs: pieceTimeoutMs,
        })
      ).data,
    sendCourierPiece: async (file: string, no: number, body: Blob, signal: AbortSignal) => {
      const path = fill(cloudPaths.courierPiece, { file, no: String(no) })
      return (await api.put<CourierFile>(path, piece(body), { signal, timeoutMs: pieceTimeoutMs })).data
    },
    forgetCourierFile: async (file: string) => {
      await api.delete(fill(cloudPaths.courierFile, { file }))
    },
  }
}
export type FleetApi = ReturnType<typeof createFleetApi>
