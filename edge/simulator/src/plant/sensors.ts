import type { LocalText, TagLimits } from '@jidoka/domain'

/**
 * What each kind of sensor measures, once for the whole plant: rules name sensors by kind, so one kind has one meaning
 * and one scale. `nominal` is the value of a healthy machine at work; limits are the plant's, drawn beside the value.
 */
export interface SensorKind {
  readonly name: LocalText
  readonly unit: string
  readonly decimals: number
  /** Between two readings at the plant's own rate. */
  readonly periodMs: number
  /** One standard deviation of the transmitter, in the unit. */
  readonly noise: number
  readonly nominal: number
  readonly limits: TagLimits
}

export const sensorKinds = {
  /** Limits: grease of rolling bearings ages twice as fast for each 15 K above 70 °C. */
  temperature: {
    name: { ko: '베어링 온도', en: 'Bearing temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.15,
    nominal: 48,
    limits: { low: 10, high: 70, high_high: 80 },
  },
  /** RMS velocity; limits are the zone boundaries B/C and C/D of ISO 10816-3, group 2, rigid foundation. */
  vibration: {
    name: { ko: '진동', en: 'Vibration' },
    unit: 'mm/s',
    decimals: 2,
    periodMs: 200,
    noise: 0.04,
    nominal: 1.3,
    limits: { high: 2.8, high_high: 4.5 },
  },
  hydraulic_pressure: {
    name: { ko: '유압', en: 'Hydraulic pressure' },
    unit: 'bar',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.5,
    nominal: 165,
    limits: { low_low: 125, low: 140, high: 185, high_high: 200 },
  },
  oil_temperature: {
    name: { ko: '작동유 온도', en: 'Oil temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.1,
    nominal: 49,
    limits: { low: 10, high: 60, high_high: 68 },
  },
  press_force: {
    name: { ko: '가압력', en: 'Press force' },
    unit: 'kN',
    decimals: 0,
    periodMs: 1_000,
    noise: 1.5,
    nominal: 412,
    limits: { low: 350, high: 470 },
  },
  flow: {
    name: { ko: '유량', en: 'Flow' },
    unit: 'L/min',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.6,
    nominal: 120,
    limits: { low: 95, high: 145 },
  },
  motor_current: {
    name: { ko: '모터 전류', en: 'Motor current' },
    unit: 'A',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.12,
    nominal: 15,
    limits: { high: 28, high_high: 34 },
  },
  barrel_temperature: {
    name: { ko: '실린더 온도', en: 'Barrel temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.2,
    nominal: 225,
    limits: { low: 210, high: 240 },
  },
  mold_temperature: {
    name: { ko: '금형 온도', en: 'Mould temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.15,
    nominal: 60,
    limits: { low: 50, high: 72 },
  },
  injection_pressure: {
    name: { ko: '사출 압력', en: 'Injection pressure' },
    unit: 'bar',
    decimals: 0,
    periodMs: 1_000,
    noise: 4,
    nominal: 920,
    limits: { low: 820, high: 1_020 },
  },
  water_temperature: {
    name: { ko: '수온', en: 'Water temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.08,
    nominal: 12,
    limits: { low: 7, high: 17 },
  },
  dryer_temperature: {
    name: { ko: '건조 온도', en: 'Dryer temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.15,
    nominal: 80,
    limits: { low: 72, high: 90 },
  },
  spindle_speed: {
    name: { ko: '주축 회전수', en: 'Spindle speed' },
    unit: 'rpm',
    decimals: 0,
    periodMs: 1_000,
    noise: 4,
    nominal: 1_600,
    limits: { high: 2_200 },
  },
  spindle_torque: {
    name: { ko: '주축 토크', en: 'Spindle torque' },
    unit: 'N·m',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.4,
    nominal: 50,
    limits: { high: 75, high_high: 90 },
  },
  coolant_pressure: {
    name: { ko: '절삭유 압력', en: 'Coolant pressure' },
    unit: 'bar',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.1,
    nominal: 20,
    limits: { low: 15, high: 26 },
  },
  tightening_torque: {
    name: { ko: '체결 토크', en: 'Tightening torque' },
    unit: 'N·m',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.15,
    nominal: 24,
    limits: { low: 21, high: 27 },
  },
  test_pressure: {
    name: { ko: '기밀 시험 압력', en: 'Leak test pressure' },
    unit: 'bar',
    decimals: 2,
    periodMs: 1_000,
    noise: 0.01,
    nominal: 5,
    limits: { low: 4.7, high: 5.4 },
  },
  air_pressure: {
    name: { ko: '공압', en: 'Air pressure' },
    unit: 'bar',
    decimals: 2,
    periodMs: 1_000,
    noise: 0.02,
    nominal: 6.8,
    limits: { low: 6, high: 7.8 },
  },
  power: {
    name: { ko: '소비 전력', en: 'Power' },
    unit: 'kW',
    decimals: 1,
    periodMs: 1_000,
    noise: 0.1,
    nominal: 18,
    limits: { high: 26 },
  },
  hall_temperature: {
    name: { ko: '작업장 온도', en: 'Hall temperature' },
    unit: '°C',
    decimals: 1,
    periodMs: 5_000,
    noise: 0.05,
    nominal: 24,
    limits: { low: 10, high: 35 },
  },
} as const satisfies Record<string, SensorKind>

export type SensorCode = keyof typeof sensorKinds
