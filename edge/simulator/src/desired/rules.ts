import { ruleDefinitionSchema } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { spindleMotor } from '../plant/physics/components.ts'
import { sensorKinds } from '../plant/sensors.ts'

/**
 * Six rules that a plant of this kind would start with. Each says where its limit comes from; people change the limits as
 * parameters and never need to touch a script. Explanations say what is, what the limit is, and what to look at.
 */

const temperatureHigh = {
  id: 'temperature-high',
  version: 1,
  name: { ko: '베어링 온도 높음', en: 'Bearing temperature high' },
  trigger: { on: 'reading', sensor: 'temperature' },
  inputs: [
    { name: 'value', from: 'trigger', kind: 'number', max_age_s: 15 },
    { name: 'previous', from: 'previous_status', kind: 'text' },
  ],
  parameters: {
    high: {
      value: sensorKinds.temperature.limits.high,
      name: { ko: '상한', en: 'High limit' },
      unit: '°C',
      min: 30,
      max: 120,
    },
    high_high: {
      value: sensorKinds.temperature.limits.high_high,
      name: { ko: '위험 상한', en: 'High-high limit' },
      unit: '°C',
      min: 30,
      max: 150,
    },
    deadband: { value: 3, name: { ko: '불감대', en: 'Deadband' }, unit: '°C', min: 0, max: 20 },
  },
  // The deadband keeps a value that hovers at the limit from ringing: high ends only well below where it began.
  script: `let was_high = input.previous == "HIGH" || input.previous == "HIGH_HIGH";

if input.value >= params.high_high {
  #{ status: "HIGH_HIGH", confidence: 0.99, explanation: \`\${input.value} °C ≥ \${params.high_high} °C: 정지하고 베어링 점검 · stop and check the bearing\` }
} else if input.value >= params.high {
  #{ status: "HIGH", confidence: 0.95, explanation: \`\${input.value} °C ≥ \${params.high} °C: 부하, 윤활, 냉각 점검 · check load, grease and cooling\` }
} else if was_high && input.value >= params.high - params.deadband {
  #{ status: "HIGH", confidence: 0.9, explanation: \`\${input.value} °C: 한계 \${params.high} °C의 불감대 \${params.deadband} °C 안 · still within the deadband of the limit\` }
} else {
  #{ status: "NORMAL", confidence: 0.95 }
}
`,
  alarms: { HIGH: 'high', HIGH_HIGH: 'critical' },
  hysteresis: { raise_after_count: 2, return_after_count: 3 },
  examples: [
    { input: { value: 45.2, previous: '' }, status: 'NORMAL' },
    { input: { value: 79.5, previous: 'NORMAL' }, status: 'HIGH' },
    { input: { value: 79.5, previous: 'HIGH_HIGH' }, status: 'HIGH' },
    { input: { value: 45.2, previous: 'HIGH' }, status: 'NORMAL' },
    { input: { value: 120, previous: 'HIGH' }, status: 'HIGH_HIGH' },
  ],
}

const vibrationSeverity = {
  id: 'vibration-severity',
  version: 1,
  name: { ko: '진동 심각도 (ISO 10816-3)', en: 'Vibration severity (ISO 10816-3)' },
  trigger: { on: 'reading', sensor: 'vibration' },
  inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 10 }],
  parameters: {
    zone_c: {
      value: sensorKinds.vibration.limits.high,
      name: { ko: 'C 구역 경계', en: 'Boundary of zone C' },
      unit: 'mm/s',
      min: 0.5,
      max: 15,
    },
    zone_d: {
      value: sensorKinds.vibration.limits.high_high,
      name: { ko: 'D 구역 경계', en: 'Boundary of zone D' },
      unit: 'mm/s',
      min: 0.5,
      max: 30,
    },
  },
  script: `if input.value >= params.zone_d {
  #{ status: "ZONE_D", confidence: 0.97, explanation: \`\${input.value} mm/s ≥ \${params.zone_d}: 손상 위험, 설비 정지 · zone D, damage is likely, stop the machine\` }
} else if input.value >= params.zone_c {
  #{ status: "ZONE_C", confidence: 0.92, explanation: \`\${input.value} mm/s ≥ \${params.zone_c}: 정비 계획 필요 · zone C, plan a repair\` }
} else {
  #{ status: "NORMAL", confidence: 0.95 }
}
`,
  alarms: { ZONE_C: 'medium', ZONE_D: 'critical' },
  // Five readings are one second: a knock against the housing is no bearing damage.
  hysteresis: { raise_after_count: 5, return_after_count: 10 },
  examples: [
    { input: { value: 0.4 }, status: 'NORMAL' },
    { input: { value: 4.4 }, status: 'ZONE_C' },
    { input: { value: 12 }, status: 'ZONE_D' },
  ],
}

const hydraulicPressure = {
  id: 'hydraulic-pressure-band',
  version: 1,
  name: { ko: '유압 범위 이탈', en: 'Hydraulic pressure out of band' },
  trigger: { on: 'reading', sensor: 'hydraulic_pressure' },
  inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 15 }],
  parameters: {
    low: {
      value: sensorKinds.hydraulic_pressure.limits.low,
      name: { ko: '하한', en: 'Low limit' },
      unit: 'bar',
      min: 0,
      max: 400,
    },
    high: {
      value: sensorKinds.hydraulic_pressure.limits.high,
      name: { ko: '상한', en: 'High limit' },
      unit: 'bar',
      min: 0,
      max: 400,
    },
  },
  script: `if input.value < params.low {
  #{ status: "PRESSURE_LOW", confidence: 0.95, explanation: \`\${input.value} bar < \${params.low} bar: 누유, 유온, 펌프 마모 점검 · look for a leak, hot oil or a worn pump\` }
} else if input.value > params.high {
  #{ status: "PRESSURE_HIGH", confidence: 0.95, explanation: \`\${input.value} bar > \${params.high} bar: 릴리프 밸브 점검 · check the relief valve\` }
} else {
  #{ status: "NORMAL", confidence: 0.9 }
}
`,
  alarms: { PRESSURE_LOW: 'high', PRESSURE_HIGH: 'high' },
  hysteresis: { raise_after_count: 2, return_after_count: 3 },
  examples: [
    { input: { value: 165 }, status: 'NORMAL' },
    { input: { value: 60 }, status: 'PRESSURE_LOW' },
    { input: { value: 300 }, status: 'PRESSURE_HIGH' },
  ],
}

const spindlePower = {
  id: 'spindle-power-band',
  version: 1,
  name: { ko: '주축 출력 범위', en: 'Spindle power band' },
  trigger: { on: 'reading', sensor: 'spindle_torque' },
  inputs: [
    { name: 'torque', from: 'trigger', kind: 'number', max_age_s: 15 },
    { name: 'speed', from: 'tag', sensor: 'spindle_speed', kind: 'number', max_age_s: 15 },
  ],
  parameters: {
    power_low: {
      value: 3.5,
      name: { ko: '절삭 출력 하한', en: 'Low limit while cutting' },
      unit: 'kW',
      min: 0,
      max: 50,
    },
    power_high: { value: 9, name: { ko: '출력 상한', en: 'High limit' }, unit: 'kW', min: 0, max: 50 },
    torque_cutting: {
      value: 25,
      name: { ko: '절삭 판정 토크', en: 'Torque from which it cuts' },
      unit: 'N·m',
      min: 1,
      max: 200,
    },
  },
  // Below 3.5 kW or above 9 kW the milling process of AI4I 2020 fails (PWF). Power in kW is torque x rpm / 9549.
  script: `let power = input.torque * input.speed / 9549.3;

if input.torque < params.torque_cutting {
  #{ status: "NORMAL", confidence: 0.8, explanation: "비절삭 · not cutting" }
} else if power > params.power_high {
  #{ status: "POWER_HIGH", confidence: 0.93, explanation: \`\${(power * 10.0).round() / 10.0} kW > \${params.power_high} kW: 공구·베어링 마모 또는 과속 이송 · tool or bearing worn, or feed too fast\` }
} else if power < params.power_low {
  #{ status: "POWER_LOW", confidence: 0.9, explanation: \`\${(power * 10.0).round() / 10.0} kW < \${params.power_low} kW: 공구 파손 또는 소재 없음 · tool broken or no part\` }
} else {
  #{ status: "NORMAL", confidence: 0.95 }
}
`,
  alarms: { POWER_HIGH: 'high', POWER_LOW: 'medium' },
  // Three readings: the torque passes the band for a moment whenever a cut begins.
  hysteresis: { raise_after_count: 3, return_after_count: 5 },
  examples: [
    { input: { torque: 50, speed: 1_420 }, status: 'NORMAL' },
    { input: { torque: 2, speed: 1_750 }, status: 'NORMAL' },
    { input: { torque: 66, speed: 1_400 }, status: 'POWER_HIGH' },
    { input: { torque: 26, speed: 1_000 }, status: 'POWER_LOW' },
  ],
}

const torquePlausible = {
  id: 'spindle-torque-plausible',
  version: 1,
  name: { ko: '주축 토크 센서 타당성', en: 'Spindle torque sensor plausible' },
  trigger: { on: 'reading', sensor: 'spindle_torque' },
  inputs: [
    { name: 'torque', from: 'trigger', kind: 'number', max_age_s: 15 },
    { name: 'current', from: 'tag', sensor: 'motor_current', kind: 'number', max_age_s: 15 },
  ],
  parameters: {
    idle_current: {
      value: spindleMotor.idleA,
      name: { ko: '무부하 전류', en: 'Current at no load' },
      unit: 'A',
      min: 0,
      max: 100,
    },
    current_per_torque: {
      value: spindleMotor.ampsPerNm,
      name: { ko: '토크당 전류', en: 'Current per torque' },
      unit: 'A/N·m',
      min: 0.01,
      max: 10,
    },
    difference_max: { value: 8, name: { ko: '허용 차이', en: 'Largest difference' }, unit: 'N·m', min: 1, max: 100 },
  },
  // Two sensors see one thing: torque itself, and the current that makes it. When they disagree one of them is wrong,
  // which is how a sensor that hangs at a good-looking value is found at all.
  script: `let expected = (input.current - params.idle_current) / params.current_per_torque;
let difference = input.torque - expected;

if difference > params.difference_max || -difference > params.difference_max {
  #{ status: "IMPLAUSIBLE", confidence: 0.88, explanation: \`\${input.torque} N·m ≠ \${expected.round()} N·m: 토크·전류 센서 점검 · torque and current disagree, check both sensors\` }
} else {
  #{ status: "NORMAL", confidence: 0.9 }
}
`,
  alarms: { IMPLAUSIBLE: 'medium' },
  hysteresis: { raise_after_count: 3, return_after_count: 10 },
  examples: [
    { input: { torque: 50, current: 15 }, status: 'NORMAL' },
    { input: { torque: 2, current: 4.44 }, status: 'NORMAL' },
    { input: { torque: 38, current: 15 }, status: 'IMPLAUSIBLE' },
    { input: { torque: 50, current: 4.4 }, status: 'IMPLAUSIBLE' },
  ],
}

const defectRatio = {
  id: 'defect-ratio',
  version: 1,
  name: { ko: '로트 불량률', en: 'Defect ratio of a lot' },
  trigger: { on: 'mes' },
  inputs: [
    { name: 'production_count', from: 'mes', field: 'production_count', kind: 'integer', max_age_s: 900 },
    { name: 'defect_count', from: 'mes', field: 'defect_count', kind: 'integer', max_age_s: 900 },
  ],
  parameters: {
    limit: { value: 0.05, name: { ko: '불량률 상한', en: 'Largest defect ratio' }, min: 0, max: 1 },
    // At least one piece, so nothing is ever divided by zero.
    count_min: { value: 30, name: { ko: '최소 생산 수량', en: 'Pieces needed for a verdict' }, min: 1, max: 10_000 },
  },
  // Two integers would be divided as integers: 7 / 100 is 0 in Rhai, hence to_float().
  script: `if input.production_count < params.count_min || input.production_count < 1 {
  #{ status: "NORMAL", confidence: 0.6, explanation: \`\${input.production_count}개: 아직 적음 · too few pieces yet\` }
} else if input.defect_count.to_float() / input.production_count.to_float() > params.limit {
  let percent = (1000.0 * input.defect_count.to_float() / input.production_count.to_float()).round() / 10.0;
  #{ status: "HIGH_DEFECT", confidence: 0.95, explanation: \`\${input.defect_count}/\${input.production_count} = \${percent} %: 불량 설비 확인 · find the machine that makes them\` }
} else {
  #{ status: "NORMAL", confidence: 0.8 }
}
`,
  alarms: { HIGH_DEFECT: 'high' },
  examples: [
    { input: { production_count: 0, defect_count: 0 }, status: 'NORMAL' },
    { input: { production_count: 10, defect_count: 3 }, status: 'NORMAL' },
    { input: { production_count: 1_000, defect_count: 1 }, status: 'NORMAL' },
    { input: { production_count: 100, defect_count: 40 }, status: 'HIGH_DEFECT' },
  ],
}

/** Parsed, so that defaults are filled in and a slip stops the program that uses them and not the edge that gets them. */
export function starterRules(): RuleDefinition[] {
  return [temperatureHigh, vibrationSeverity, hydraulicPressure, spindlePower, torquePlausible, defectRatio].map(
    (rule) => ruleDefinitionSchema.parse(rule),
  )
}
