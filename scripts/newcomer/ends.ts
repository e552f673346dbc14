import { cloudPaths, edgePaths, fill, simulatorPaths } from '@jidoka/contract'
import type {
  Board,
  CloudRule,
  CloudSession,
  EdgeSummary,
  Execution,
  Fault,
  FaultKind,
  LineToCloud,
  PlantState,
} from '@jidoka/contract'
import type { PlantProcess } from './plant-process.ts'

type Lanes = { readonly readings: number; readonly records: number }

/** What both ends and the simulator say of themselves by their HTTP APIs: the pages are held against it. */
export async function edgeOf(plant: PlantProcess) {
  const signedIn = await fetch(
    `${plant.board}${edgePaths.login}`,
    json('POST', { login: plant.login, password: plant.password }, plant.board),
  )
  if (!signedIn.ok) throw new Error(`the edge refused the sign-in: ${await signedIn.text()}`)
  const cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
  const get = <Data>(path: string) => data<Data>(fetch(`${plant.board}${path}`, { headers: { cookie } }))
  const lanes = async (member: 'stored_seq' | 'receipted_seq'): Promise<Lanes & { line: LineToCloud }> => {
    const line = await get<LineToCloud>(edgePaths.sync)
    const of = (lane: string) => line.lanes.find((each) => each.lane === lane)?.[member] ?? 0
    return { readings: of('readings'), records: of('records'), line }
  }
  return {
    alarms: async () => (await get<Board>(edgePaths.board)).alarms,
    stored: () => lanes('stored_seq'),
    receipted: async () => {
      const { readings, records, line } = await lanes('receipted_seq')
      return { readings, records, lane: line.last_receipt?.lane ?? 'readings', digest: line.last_receipt?.digest ?? '' }
    },
    ruleVersion: async (ruleId: string) => {
      const rules = await get<readonly { definition: { id: string; version: number } }[]>(edgePaths.rules)
      return rules.find((rule) => rule.definition.id === ruleId)?.definition.version ?? 0
    },
    verdictVersions: async (ruleId: string) =>
      (await get<Board>(edgePaths.board)).verdicts
        .filter((verdict) => verdict.rule_id === ruleId)
        .map((verdict) => verdict.rule_version),
  }
}

export async function cloudOf(plant: PlantProcess) {
  const credentials = { login: plant.login, password: plant.password }
  const session = await data<CloudSession>(
    fetch(`${plant.console}${cloudPaths.login}`, json('POST', credentials, plant.console)),
  )
  const headers = { authorization: `Bearer ${session.access_token}` }
  const get = <Data>(path: string) => data<Data>(fetch(`${plant.console}${path}`, { headers }))
  const edge = async () => {
    const [only] = await get<readonly EdgeSummary[]>(cloudPaths.edges)
    if (!only) throw new Error('no edge is enrolled')
    return only
  }
  return {
    edge,
    judgment: async (id: string) => {
      const response = await fetch(`${plant.console}${fill(cloudPaths.judgment, { id })}`, { headers })
      return response.ok ? ((await response.json()) as { data: Execution }).data : null
    },
    received: async () => {
      const { lanes } = await edge()
      const of = (lane: 'readings' | 'records') => {
        const cursor = lanes.find((each) => each.lane === lane)
        return { seq: cursor?.received_seq ?? 0, rows: cursor?.rows_total ?? 0, digest: cursor?.digest ?? '' }
      }
      const [readings, records] = [of('readings'), of('records')]
      return {
        readings: readings.seq,
        records: records.seq,
        rows: { readings: readings.rows, records: records.rows },
        digest: { readings: readings.digest, records: records.digest },
      }
    },
    ruleVersion: async (id: string) => (await get<CloudRule>(fill(cloudPaths.rule, { id }))).definition.version,
  }
}

export function simulatorOf(plant: PlantProcess) {
  return {
    acknowledged: async () =>
      (await data<PlantState>(fetch(`${plant.simulator}${simulatorPaths.state}`))).readings_acknowledged_total,
    fault: async (kind: FaultKind, more: { severity?: number }) =>
      (
        await data<Fault>(
          fetch(`${plant.simulator}${simulatorPaths.faults}`, json('POST', { kind, ...more }, plant.simulator)),
        )
      ).id,
    takeBack: async (id: string) => {
      const response = await fetch(`${plant.simulator}${fill(simulatorPaths.fault, { id })}`, {
        method: 'DELETE',
        headers: { origin: plant.simulator },
      })
      if (!response.ok) throw new Error(`the fault was not taken back: ${await response.text()}`)
    },
  }
}

const json = (method: string, body: unknown, origin: string) => ({
  method,
  headers: { 'content-type': 'application/json', origin },
  body: JSON.stringify(body),
})

async function data<Data>(asked: Promise<Response>): Promise<Data> {
  const response = await asked
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`)
  return (JSON.parse(text) as { data: Data }).data
}
