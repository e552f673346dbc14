import type { FaultKind } from '@jidoka/contract'
import type { LocalText } from '@jidoka/domain'
import type { DeviceFleet } from '../devices/fleet.ts'
import type { Mes } from '../mes/mes.ts'
import type { Relay } from '../net/relay.ts'
import { machineKey } from '../plant/plant.ts'
import type { Plant } from '../plant/plant.ts'
import type { SensorCode } from '../plant/sensors.ts'

/** What faults act upon. `line` is null where no line to a cloud was configured. */
export interface FaultWorld {
  readonly plant: Plant
  readonly devices: Pick<DeviceFleet, 'kill' | 'corrupt'>
  readonly mes: Pick<Mes, 'down'>
  readonly line: Pick<Relay, 'cut'> | null
}

export interface FaultBegin {
  readonly id: string
  readonly target: string
  readonly severity: number
}

export interface FaultKindModel {
  readonly name: LocalText
  /** What one will see, for the page and the CLI. */
  readonly effect: LocalText
  /** What can be hit, the most telling first: that one is hit when nobody chooses. Empty: the fault is not to be had here. */
  targets(world: FaultWorld): readonly string[]
  /** Whether a degree makes a difference. */
  readonly hasSeverity: boolean
  /** Starts it; the returned function takes it back. */
  begin(world: FaultWorld, fault: FaultBegin): () => void
}

/** Sensors that a starter rule watches; they come first among the targets. */
const watched: readonly SensorCode[] = [
  'temperature',
  'vibration',
  'hydraulic_pressure',
  'spindle_torque',
  'motor_current',
]

export const faultKindModels: Readonly<Record<FaultKind, FaultKindModel>> = {
  drift: {
    name: { ko: '센서 드리프트', en: 'Sensor drift' },
    effect: { ko: '값이 서서히 한계를 넘어갑니다.', en: 'The value creeps past its limit.' },
    targets: ({ plant }) => tagsFirst(plant, ['temperature', ...watched]),
    hasSeverity: true,
    begin: ({ plant }, fault) =>
      effect(plant, fault.id, { kind: 'drift', tag: fault.target, severity: fault.severity }),
  },
  spike: {
    name: { ko: '순간 튐', en: 'Spikes' },
    effect: { ko: '값이 몇 초마다 한계 밖으로 튑니다.', en: 'Every few seconds the value jumps past its limit.' },
    targets: ({ plant }) => tagsFirst(plant, ['vibration', ...watched]),
    hasSeverity: true,
    begin: ({ plant }, fault) =>
      effect(plant, fault.id, { kind: 'spike', tag: fault.target, severity: fault.severity }),
  },
  stuck_sensor: {
    name: { ko: '센서 고착', en: 'Stuck sensor' },
    effect: {
      ko: '값이 멈춥니다. 주축 토크는 전류와 맞지 않아 드러납니다.',
      en: 'The value stands still. A spindle torque is found out by its motor current.',
    },
    targets: ({ plant }) => tagsFirst(plant, ['spindle_torque', 'motor_current', ...watched]),
    hasSeverity: false,
    begin: ({ plant }, fault) => effect(plant, fault.id, { kind: 'stuck_sensor', tag: fault.target }),
  },
  bearing_wear: {
    name: { ko: '베어링 마모', en: 'Bearing wear' },
    effect: { ko: '진동, 이어서 온도와 불량이 늘어납니다.', en: 'Vibration rises, then temperature and defects.' },
    targets: ({ plant }) =>
      machines(plant, (machine) => machine.components.some((component) => component.is === 'drive')),
    hasSeverity: true,
    begin: ({ plant }, fault) =>
      effect(plant, fault.id, { kind: 'bearing_wear', machine: fault.target, severity: fault.severity }),
  },
  dead_device: {
    name: { ko: '장치 꺼짐', en: 'Dead device' },
    effect: {
      ko: '설비의 값이 끊기고 판정은 UNJUDGED가 됩니다.',
      en: 'The machine falls silent and its verdicts become UNJUDGED.',
    },
    targets: ({ plant }) => machines(plant, () => true),
    hasSeverity: false,
    begin: ({ devices }, fault) => devices.kill(fault.target, fault.id),
  },
  bad_payloads: {
    name: { ko: '잘못된 메시지', en: 'Bad payloads' },
    effect: {
      ko: '깨진 메시지가 사유와 함께 따로 모입니다.',
      en: 'Broken messages gather among the dead letters, each with its reason.',
    },
    targets: ({ plant }) => machines(plant, () => true),
    hasSeverity: true,
    begin: ({ devices }, fault) => devices.corrupt(fault.target, fault.severity),
  },
  mes_down: {
    name: { ko: 'MES 중단', en: 'MES down' },
    effect: {
      ko: 'MES에 연결되지 않습니다. 복구되면 밀린 실적을 따라잡습니다.',
      en: 'The MES does not answer. When it is back, its data is caught up.',
    },
    targets: () => ['mes'],
    hasSeverity: false,
    begin: ({ mes }, fault) => mes.down(fault.id),
  },
  line_cut: {
    name: { ko: '클라우드 회선 단절', en: 'Line to the cloud cut' },
    effect: {
      ko: '엣지는 오프라인으로 계속 판정하고, 복구되면 모두 보냅니다.',
      en: 'The edge goes on offline, and sends everything when the line is back.',
    },
    targets: ({ line }) => (line === null ? [] : ['line']),
    hasSeverity: false,
    begin: ({ line }, fault) => {
      if (line === null) throw new TypeError('a line_cut without a line has no target')
      return line.cut(fault.id)
    },
  },
}

function effect(plant: Plant, id: string, what: Parameters<Plant['addEffect']>[1]): () => void {
  plant.addEffect(id, what)
  return () => plant.removeEffect(id)
}

/** Every tag, those of the named sensors first and in their order. Machines that a rule understands come before others. */
function tagsFirst(plant: Plant, first: readonly SensorCode[]): readonly string[] {
  const rank = (sensor: SensorCode) => (first.includes(sensor) ? first.indexOf(sensor) : first.length)
  return plant.sensors
    .toSorted((left, right) => rank(left.sensor) - rank(right.sensor) || left.number - right.number)
    .map((sensor) => sensor.key)
}

function machines(
  plant: Plant,
  fits: (machine: Plant['model']['lines'][number]['machines'][number]) => boolean,
): readonly string[] {
  return plant.model.lines
    .flatMap((line) =>
      line.machines
        .filter(fits)
        .map((machine) => ({ key: machineKey(line.code, machine.code), isGateway: machine.code === null })),
    )
    .toSorted((left, right) => Number(left.isGateway) - Number(right.isGateway))
    .map(({ key }) => key)
}
