import type { LocalText } from '@jidoka/domain'
import type { Component, LineModel, MachineModel, PlantModel, SensorModel } from './model.ts'
import type { SensorCode } from './sensors.ts'

/**
 * The plant as data: a mid-sized Korean supplier of car parts with two halls, four lines, 24 machines and a gateway per
 * line, 66 tags. Made up, but each figure is one that a plant of this kind would recognise.
 */

const sensors = (...codes: SensorCode[]): SensorModel[] => codes.map((sensor) => ({ sensor }))

const driveOf = (idleA: number, loadA: number, vibration = 1.3, heatK = 24): Component => ({
  is: 'drive',
  idleA,
  loadA,
  vibration,
  heatK,
})

function press(number: number): MachineModel {
  return {
    code: `PRESS-${number}`,
    name: { ko: `유압 프레스 ${number}호`, en: `Hydraulic press ${number}` },
    components: [driveOf(6, 12), { is: 'hydraulics', bar: 165, cylinderCm2: 250, flow: 118 }],
    sensors: sensors('press_force', 'hydraulic_pressure', 'oil_temperature', 'vibration', 'temperature'),
    defectCode: 'CRACK',
  }
}

function injection(number: number): MachineModel {
  return {
    code: `INJ-${number}`,
    name: { ko: `사출기 ${number}호`, en: `Injection moulder ${number}` },
    components: [{ is: 'injection' }],
    sensors: sensors('injection_pressure', 'barrel_temperature', 'mold_temperature'),
    defectCode: 'SHORT_SHOT',
  }
}

function machiningCentre(number: number): MachineModel {
  return {
    code: `CNC-${number}`,
    name: { ko: `머시닝센터 ${number}호`, en: `Machining centre ${number}` },
    components: [driveOf(4, 12, 1.2, 23), { is: 'spindle', phaseMs: number * 8_000 }],
    // Torque last: when it arrives, the speed and the current of the same instant are there already.
    sensors: sensors('spindle_speed', 'motor_current', 'spindle_torque', 'vibration', 'temperature'),
    defectCode: 'OUT_OF_SIZE',
  }
}

function simpleDrive(code: string, name: LocalText, options: { vibration: boolean }): MachineModel {
  return {
    code,
    name,
    components: [driveOf(5, 10)],
    sensors: sensors('motor_current', ...(options.vibration ? (['vibration'] as const) : [])),
    defectCode: 'SCRATCH',
  }
}

function gateway(line: string): MachineModel {
  return {
    code: null,
    name: { ko: `${line} 게이트웨이`, en: `${line} gateway` },
    components: [{ is: 'hall' }],
    sensors: sensors('hall_temperature'),
    defectCode: 'OTHER',
  }
}

const pressLine: LineModel = {
  code: 'LINE-A',
  area: 'FORMING',
  name: { ko: '프레스 라인', en: 'Press line' },
  cycleMs: 1_500,
  defectShare: 0.008,
  stopEveryMs: 35 * 60_000,
  stopMs: [20_000, 90_000],
  products: [
    { code: 'BRK-110', orderCount: 900, lotCount: 300 },
    { code: 'BRK-220', orderCount: 600, lotCount: 200 },
  ],
  machines: [
    gateway('LINE-A'),
    press(1),
    press(2),
    press(3),
    simpleDrive('FEEDER-1', { ko: '코일 피더', en: 'Coil feeder' }, { vibration: true }),
    {
      code: 'HPU-1',
      name: { ko: '유압 유닛', en: 'Hydraulic power unit' },
      components: [{ is: 'hydraulics', bar: 168, cylinderCm2: 0, flow: 120 }],
      sensors: sensors('hydraulic_pressure', 'flow', 'oil_temperature'),
      defectCode: 'CRACK',
    },
    simpleDrive('CONV-1', { ko: '반출 컨베이어', en: 'Outfeed conveyor' }, { vibration: false }),
  ],
}

const mouldingLine: LineModel = {
  code: 'LINE-B',
  area: 'FORMING',
  name: { ko: '사출 라인', en: 'Injection moulding line' },
  cycleMs: 3_000,
  defectShare: 0.01,
  stopEveryMs: 45 * 60_000,
  stopMs: [30_000, 120_000],
  products: [
    { code: 'CVR-310', orderCount: 480, lotCount: 160 },
    { code: 'CVR-340', orderCount: 360, lotCount: 120 },
  ],
  machines: [
    gateway('LINE-B'),
    injection(1),
    injection(2),
    injection(3),
    {
      code: 'CHILLER-1',
      name: { ko: '냉각기', en: 'Chiller' },
      components: [
        { is: 'regulated', sensor: 'water_temperature', setPoint: 12, swing: 0.8, periodMs: 300_000 },
        { is: 'regulated', sensor: 'flow', setPoint: 85, swing: 3, periodMs: 120_000 },
      ],
      sensors: [
        { sensor: 'water_temperature' },
        { sensor: 'flow', differs: { nominal: 85, limits: { low: 65, high: 105 } } },
      ],
      defectCode: 'WARP',
    },
    {
      code: 'DRYER-1',
      name: { ko: '원료 건조기', en: 'Granulate dryer' },
      components: [{ is: 'regulated', sensor: 'dryer_temperature', setPoint: 80, swing: 1.5, periodMs: 600_000 }],
      sensors: sensors('dryer_temperature'),
      defectCode: 'SILVER_STREAK',
    },
    simpleDrive('ROBOT-1', { ko: '취출 로봇', en: 'Take-out robot' }, { vibration: false }),
  ],
}

const machiningLine: LineModel = {
  code: 'LINE-C',
  area: 'MACHINING',
  name: { ko: '가공 라인', en: 'Machining line' },
  cycleMs: 8_000,
  defectShare: 0.008,
  stopEveryMs: 40 * 60_000,
  stopMs: [30_000, 150_000],
  products: [
    { code: 'HSG-510', orderCount: 240, lotCount: 80 },
    { code: 'HSG-530', orderCount: 180, lotCount: 60 },
  ],
  machines: [
    gateway('LINE-C'),
    machiningCentre(1),
    machiningCentre(2),
    machiningCentre(3),
    {
      code: 'COOLANT-1',
      name: { ko: '절삭유 펌프', en: 'Coolant pump' },
      components: [
        { is: 'regulated', sensor: 'coolant_pressure', setPoint: 20, swing: 0.8, periodMs: 90_000 },
        { is: 'regulated', sensor: 'flow', setPoint: 60, swing: 2, periodMs: 90_000 },
      ],
      sensors: [
        { sensor: 'coolant_pressure' },
        { sensor: 'flow', differs: { nominal: 60, limits: { low: 45, high: 75 } } },
      ],
      defectCode: 'ROUGH',
    },
    {
      code: 'WASHER-1',
      name: { ko: '세척기', en: 'Parts washer' },
      components: [{ is: 'regulated', sensor: 'water_temperature', setPoint: 62, swing: 1, periodMs: 400_000 }],
      sensors: [{ sensor: 'water_temperature', differs: { nominal: 62, limits: { low: 55, high: 70 } } }],
      defectCode: 'RESIDUE',
    },
    simpleDrive('GANTRY-1', { ko: '갠트리 로더', en: 'Gantry loader' }, { vibration: false }),
  ],
}

const assemblyLine: LineModel = {
  code: 'LINE-D',
  area: 'MACHINING',
  name: { ko: '조립 라인', en: 'Assembly line' },
  cycleMs: 2_500,
  defectShare: 0.006,
  stopEveryMs: 30 * 60_000,
  stopMs: [15_000, 60_000],
  products: [
    { code: 'ASM-710', orderCount: 600, lotCount: 200 },
    { code: 'ASM-720', orderCount: 450, lotCount: 150 },
  ],
  machines: [
    gateway('LINE-D'),
    ...[1, 2].map((number): MachineModel => ({
      code: `NUT-${number}`,
      name: { ko: `너트러너 ${number}호`, en: `Nutrunner ${number}` },
      components: [{ is: 'regulated', sensor: 'tightening_torque', setPoint: 24, swing: 0.7, periodMs: 40_000 }],
      sensors: sensors('tightening_torque'),
      defectCode: 'LOOSE',
    })),
    {
      code: 'PRESSFIT-1',
      name: { ko: '압입기', en: 'Press-fit station' },
      components: [{ is: 'regulated', sensor: 'press_force', setPoint: 36, swing: 1.2, periodMs: 50_000 }],
      sensors: [{ sensor: 'press_force', differs: { nominal: 36, noise: 0.3, limits: { low: 30, high: 42 } } }],
      defectCode: 'MISFIT',
    },
    {
      code: 'LEAK-1',
      name: { ko: '기밀 시험기', en: 'Leak tester' },
      components: [{ is: 'regulated', sensor: 'test_pressure', setPoint: 5, swing: 0.05, periodMs: 60_000 }],
      sensors: sensors('test_pressure'),
      defectCode: 'LEAK',
    },
    {
      code: 'COMP-1',
      name: { ko: '공기 압축기', en: 'Air compressor' },
      components: [
        { is: 'drive', idleA: 8, loadA: 14, vibration: 1.3, heatK: 25, ratedKw: 20 },
        { is: 'regulated', sensor: 'air_pressure', setPoint: 6.8, swing: 0.15, periodMs: 45_000 },
      ],
      sensors: sensors('air_pressure', 'power', 'vibration', 'temperature'),
      defectCode: 'LEAK',
    },
    simpleDrive('CONV-2', { ko: '조립 컨베이어', en: 'Assembly conveyor' }, { vibration: false }),
  ],
}

export const hanbit: PlantModel = {
  name: { ko: '한빛정밀 창원공장', en: 'Hanbit Precision, Changwon' },
  timeZone: 'Asia/Seoul',
  utcOffsetMs: 9 * 3_600_000,
  areas: [
    { code: 'FORMING', name: { ko: '성형동', en: 'Forming hall' } },
    { code: 'MACHINING', name: { ko: '가공동', en: 'Machining hall' } },
  ],
  lines: [pressLine, mouldingLine, machiningLine, assemblyLine],
  shifts: [
    { code: 'DAY', startsAtHour: 6 },
    { code: 'SWING', startsAtHour: 14 },
    { code: 'NIGHT', startsAtHour: 22 },
  ],
}
