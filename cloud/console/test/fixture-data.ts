import type {
  BoardAlarm,
  BoardTag,
  BoardVerdict,
  CloudLine,
  CloudRule,
  EdgeDetail,
  EdgeSummary,
  Execution,
  User,
} from '@jidoka/contract'
import { permissionsOf, type Role, type RuleDefinition } from '@jidoka/domain'

/** A small world that looks like a plant: three edges at two sites, and what they sent. Pure, and the same for the same instant. */

export const epochMs = Date.parse('2026-11-21T09:00:00.000Z')
const iso = (ms: number): string => new Date(ms).toISOString()
const uuid = (number: number): string => `0190c5a4-0000-7000-8000-${String(number).padStart(12, '0')}`
const hash = (seed: number): string =>
  ((seed * 2_654_435_761) % 0xffff_ffff).toString(16).padStart(8, '0').repeat(8).slice(0, 64)

export const sites = [
  { id: 'site-1', code: 'ulsan', name: { ko: '울산 공장', en: 'Ulsan plant' }, time_zone: 'Asia/Seoul' },
  { id: 'site-2', code: 'gumi', name: { ko: '구미 공장', en: 'Gumi plant' }, time_zone: 'Asia/Seoul' },
] as const

export function user(role: Role = 'admin'): User {
  return { login: 'kim', name: '김현장', role, locale: 'ko', permissions: [...permissionsOf(role)] }
}

export function edge(number: number, change: Partial<EdgeSummary> = {}): EdgeSummary {
  const nowMs = epochMs
  return {
    id: `00000000-0000-7000-8000-00000000000${number}`,
    name: `edge-${number}`,
    site: number > 2 ? sites[1] : sites[0],
    state: 'online',
    seen_at: iso(nowMs - number * 900),
    enrolled_at: iso(nowMs - 40 * 86_400_000),
    program_version: '0.1.0',
    open_troubles: 0,
    waiting: {
      told_at: iso(nowMs - number * 900),
      records: { rows: 0, oldest_ms: null },
      readings: { rows: 0, oldest_ms: null },
    },
    lanes: [
      {
        lane: 'records',
        epoch: uuid(number),
        received_seq: 18_204 * number,
        rows_total: 18_204 * number,
        digest: hash(number),
        received_at: iso(nowMs - 900),
      },
      {
        lane: 'readings',
        epoch: uuid(number),
        received_seq: 9_184_220 * number,
        rows_total: 9_184_220 * number,
        digest: hash(number + 50),
        received_at: iso(nowMs - 700),
      },
    ],
    open_alarms: 0,
    pending_items: 0,
    ...change,
  }
}

export const pressTemperature: RuleDefinition = {
  id: 'press-temperature',
  version: 4,
  name: { ko: '프레스 온도', en: 'Press temperature' },
  enabled: true,
  trigger: { on: 'reading', sensor: 'temperature', lines: ['LINE-A', 'LINE-B'] },
  inputs: [
    { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
    { name: 'previous', from: 'previous_status', kind: 'text' },
  ],
  parameters: {
    high: { value: 80, name: { ko: '상한', en: 'Upper limit' }, unit: '°C', min: 40, max: 120 },
    deadband: { value: 2, name: { ko: '복귀 폭', en: 'Deadband' }, unit: '°C', min: 0, max: 10 },
  },
  script: `// 한 번 넘으면 복귀 폭만큼 내려가야 정상으로 본다.
let limit = if input.previous == "HIGH" { params.high - params.deadband } else { params.high };
if input.value > limit {
  verdict("HIGH", 0.95, \`\${input.value} °C > \${limit} °C\`)
} else {
  verdict("NORMAL", 0.95)
}
`,
  normal_statuses: ['NORMAL'],
  alarms: { HIGH: 'high' },
  hysteresis: { raise_after_count: 2, return_after_count: 3 },
  cool_down_s: 30,
  confidence_min: 0,
  examples: [
    { input: { value: 85, previous: 'NORMAL' }, status: 'HIGH' },
    { input: { value: 79, previous: 'HIGH' }, status: 'HIGH' },
    { input: { value: 60, previous: 'NORMAL' }, status: 'NORMAL' },
  ],
}

export const defectRatio: RuleDefinition = {
  id: 'defect-ratio',
  version: 1,
  name: { ko: '불량률', en: 'Defect ratio' },
  enabled: true,
  trigger: { on: 'mes' },
  inputs: [
    { name: 'defect_count', from: 'mes', field: 'defect_count', kind: 'number', max_age_s: 3600 },
    { name: 'production_count', from: 'mes', field: 'production_count', kind: 'number', max_age_s: 3600 },
  ],
  parameters: { limit: { value: 0.05, name: { ko: '허용 불량률', en: 'Allowed ratio' }, min: 0, max: 1 } },
  script: `if input.production_count == 0.0 {
  verdict("NORMAL", 0.5)
} else if input.defect_count / input.production_count > params.limit {
  verdict("HIGH_DEFECT", 0.95)
} else {
  verdict("NORMAL", 0.80)
}
`,
  normal_statuses: ['NORMAL'],
  alarms: { HIGH_DEFECT: 'medium' },
  hysteresis: { raise_after_count: 1, return_after_count: 1 },
  cool_down_s: 0,
  confidence_min: 0,
  examples: [{ input: { defect_count: 6, production_count: 100 }, status: 'HIGH_DEFECT' }],
}

export function rule(definition: RuleDefinition, edgeNumbers: readonly number[]): CloudRule {
  return {
    deployment_counts: { total: edgeNumbers.length, applied: edgeNumbers.length, waiting: 0, failed: 0 },
    definition,
    hash: hash(definition.version + definition.id.length),
    changed_at: iso(epochMs - 7_200_000),
    changed_by: 'lee',
    deployments: edgeNumbers.map((number) => ({
      edge_id: `00000000-0000-7000-8000-00000000000${number}`,
      edge_name: `edge-${number}`,
      desired_version: definition.version,
      reported_version: definition.version,
      reported_state: 'applied',
      problem: null,
    })),
  }
}

export function edgeDetail(summary: EdgeSummary, rules: readonly CloudRule[]): EdgeDetail {
  const items = rules.flatMap(({ definition, deployments, hash: ruleHash }) =>
    deployments
      .filter(({ edge_id: id }) => id === summary.id)
      .map((deployment) => ({
        kind: 'rule',
        key: definition.id,
        desired_version: deployment.desired_version,
        desired_at: iso(epochMs - 3_600_000),
        reported:
          deployment.reported_version === null
            ? null
            : {
                kind: 'rule' as const,
                key: definition.id,
                version: deployment.reported_version,
                state: deployment.reported_state as 'applied',
                problem: deployment.problem,
                rule_hash: ruleHash,
              },
        reported_at: deployment.reported_version === null ? null : iso(epochMs - 3_590_000),
      })),
  )
  const catalogue = {
    kind: 'tag_catalogue' as const,
    key: 'tags',
    version: 2,
    state: 'applied' as const,
    problem: null,
    rule_hash: null,
  }
  return {
    ...summary,
    progress: [
      { lane: 'records', start_seq: 1, rows_per_s: null },
      { lane: 'readings', start_seq: 1, rows_per_s: 1_250.4 },
    ],
    troubles: [],
    items: [
      ...items,
      {
        kind: 'tag_catalogue',
        key: 'tags',
        desired_version: 2,
        desired_at: iso(epochMs - 86_400_000),
        reported: catalogue,
        reported_at: iso(epochMs - 86_300_000),
      },
    ],
  }
}

const sensors = [
  {
    sensor: 'temperature',
    name: { ko: '금형 온도', en: 'Die temperature' },
    unit: '°C',
    decimals: 1,
    base: 62,
    swing: 6,
    limits: { low: 20, high: 80, high_high: 95 },
  },
  {
    sensor: 'vibration',
    name: { ko: '진동', en: 'Vibration' },
    unit: 'mm/s',
    decimals: 2,
    base: 2.1,
    swing: 0.5,
    limits: { high: 4.5, high_high: 7.1 },
  },
  {
    sensor: 'pressure',
    name: { ko: '유압', en: 'Hydraulic pressure' },
    unit: 'bar',
    decimals: 1,
    base: 182,
    swing: 5,
    limits: { low: 160, high: 210, low_low: 140, high_high: 230 },
  },
] as const

export function tag(
  line: string,
  equipment: string,
  index: 0 | 1 | 2,
  atMs: number,
  change: Partial<BoardTag> = {},
): BoardTag {
  const { base, swing, ...sensor } = sensors[index]
  const phase = atMs / 4_000 + index + line.length + equipment.charCodeAt(equipment.length - 1)
  const recent = Array.from({ length: 40 }, (_, step) =>
    Number((base + swing * Math.sin((phase + step) / 3) * 0.7).toFixed(2)),
  )
  return {
    key: `${line}/${equipment}/${sensor.sensor}`,
    line,
    equipment,
    sensor: sensor.sensor,
    name: sensor.name,
    kind: 'number',
    unit: sensor.unit,
    decimals: sensor.decimals,
    stale_after_s: 30,
    limits: sensor.limits,
    adopted: true,
    recent,
    value: recent.at(-1) ?? null,
    quality: 'good',
    at: iso(atMs - 1_200),
    ...change,
  }
}

export function verdict(line: string, equipment: string, change: Partial<BoardVerdict> = {}): BoardVerdict {
  return {
    rule_id: 'press-temperature',
    rule_name: pressTemperature.name,
    rule_version: 4,
    subject: `${line}/${equipment}/temperature`,
    line,
    equipment,
    status: 'NORMAL',
    normal: true,
    confidence: 0.95,
    explanation: null,
    judgment_id: uuid(1),
    since: iso(epochMs - 5_400_000),
    ...change,
  }
}

export function alarm(line: string, equipment: string, change: Partial<BoardAlarm> = {}): BoardAlarm {
  return {
    id: uuid(900),
    rule_id: 'press-temperature',
    rule_name: pressTemperature.name,
    subject: `${line}/${equipment}/temperature`,
    line,
    equipment,
    priority: 'high',
    state: 'unacknowledged',
    status: 'HIGH',
    explanation: '84.6 °C > 80 °C',
    judgment_id: uuid(1),
    raised_at: iso(epochMs - 95_000),
    returned_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    ...change,
  }
}

export function plantLine(
  edgeNumber: number,
  code: string,
  name: { ko: string; en: string },
  atMs: number,
  change: Partial<CloudLine> = {},
): CloudLine {
  const machines = ['PRESS-1', 'PRESS-2']
  return {
    edge_id: `00000000-0000-7000-8000-00000000000${edgeNumber}`,
    edge_name: `edge-${edgeNumber}`,
    site: edgeNumber > 2 ? sites[1] : sites[0],
    code,
    name,
    verdicts: machines.map((machine) => verdict(code, machine)),
    alarms: [],
    verdicts_more: 0,
    alarms_more: 0,
    tags: machines.flatMap((machine) => ([0, 1, 2] as const).map((index) => tag(code, machine, index, atMs))),
    heard_at: iso(atMs - 800),
    ...change,
  }
}

/** Five lines: one hot, one that cannot be judged, three as they should be. */
export function plantLines(atMs: number): CloudLine[] {
  const hotTag = tag('LINE-B', 'PRESS-2', 0, atMs, {
    value: 84.6,
    recent: [74, 75, 77, 78, 79.4, 80.9, 82, 83.1, 84, 84.6],
  })
  const hot = verdict('LINE-B', 'PRESS-2', {
    status: 'HIGH',
    normal: false,
    explanation: '84.6 °C > 80 °C',
    since: iso(epochMs - 95_000),
  })
  const hotLine = plantLine(1, 'LINE-B', { ko: '프레스 2라인', en: 'Press line 2' }, atMs, {
    alarms: [alarm('LINE-B', 'PRESS-2')],
  })
  const deafLine = plantLine(3, 'LINE-D', { ko: '도장 라인', en: 'Paint line' }, atMs, {
    heard_at: iso(atMs - 640_000),
  })
  return [
    plantLine(1, 'LINE-A', { ko: '프레스 1라인', en: 'Press line 1' }, atMs),
    {
      ...hotLine,
      tags: hotLine.tags.map((other) => (other.key === hotTag.key ? hotTag : other)),
      verdicts: hotLine.verdicts.map((other) => (other.subject === hot.subject ? hot : other)),
    },
    plantLine(2, 'LINE-C', { ko: '조립 라인', en: 'Assembly line' }, atMs),
    {
      ...deafLine,
      tags: deafLine.tags.map((other) => ({ ...other, at: iso(atMs - 640_000) })),
      verdicts: deafLine.verdicts.map((other) => ({
        ...other,
        status: 'UNJUDGED',
        normal: false,
        explanation: null,
        since: iso(atMs - 600_000),
      })),
    },
    plantLine(3, 'LINE-E', { ko: '검사 라인', en: 'Inspection line' }, atMs),
  ]
}

/** The greater the number the younger. */
export function judgment(number: number, change: Partial<Execution> = {}): Execution {
  const atMs = epochMs - 86_000_000 + number * 37_000
  const hot = number % 7 === 3
  const deaf = number % 23 === 5
  const value = hot ? 84.6 : 61.25
  return {
    execution_id: uuid(number),
    workflow_id: 'press-temperature',
    rule_id: 'press-temperature',
    rule_version: 4,
    rule_hash: hash(21),
    subject: 'LINE-B/PRESS-2/temperature',
    line: 'LINE-B',
    equipment: 'PRESS-2',
    status: deaf ? 'UNJUDGED' : hot ? 'HIGH' : 'NORMAL',
    normal: !hot && !deaf,
    previous_status: number === 0 ? null : 'NORMAL',
    confidence: 0.95,
    method_used: 'rule',
    explanation: deaf ? null : hot ? '84.6 °C > 80 °C' : null,
    inputs: deaf
      ? {
          value: { value: null, at_ms: atMs - 95_000, quality: 'bad', problem: 'stale' },
          previous: { value: 'NORMAL', at_ms: null },
        }
      : { value: { value, at_ms: atMs - 420, quality: 'good' }, previous: { value: 'NORMAL', at_ms: null } },
    reading_seq: 1_000 + number,
    edge_id: '00000000-0000-7000-8000-000000000001',
    edge_name: 'edge-1',
    executed_at: iso(atMs),
    received_at: iso(atMs + 640),
    ...change,
  }
}
