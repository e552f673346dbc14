import type { Component } from '../model.ts'
import { wander } from '../random.ts'
import { approach } from './machine.ts'
import type { MachineState, Surroundings } from './machine.ts'

type Of<Kind extends Component['is']> = Extract<Component, { is: Kind }>

interface Physics<Kind extends Component['is']> {
  step(component: Of<Kind>, machine: MachineState, around: Surroundings): void
  /** What this component adds to the share of bad pieces, 0..1. */
  defectShare(component: Of<Kind>, machine: MachineState): number
}

/** Each random walk of a machine has a number of its own, so that two quantities never move as one. */
const walk = {
  load: 0,
  vibration: 1,
  pressure: 2,
  flow: 3,
  torque: 4,
  barrel: 5,
  mold: 6,
  injection: 7,
  regulated: 8,
} as const
const walksPerMachine = 64

function walkOf(machine: MachineState, around: Surroundings, which: number, periodMs: number): number {
  return wander(around.seed, machine.channel * walksPerMachine + which, around.timeMs, periodMs)
}

/** A spindle's cycle: load and unload, rough, finish. Torques and speeds in the range of AI4I 2020's milling process. */
const spindleCycleMs = 24_000
const spindlePhases = [
  { untilMs: 4_000, torque: 2, rpm: 1_750 },
  { untilMs: 14_000, torque: 50, rpm: 1_420 },
  { untilMs: spindleCycleMs, torque: 34, rpm: 1_770 },
] as const
/** Cutting time of a tool's life. */
const toolLifeS = 1_800

/** A spindle motor's current is a straight line over its torque; the plausibility rule relies on the same two figures. */
export const spindleMotor = { idleA: 4, ampsPerNm: 0.22 } as const

const physics: { [Kind in Component['is']]: Physics<Kind> } = {
  hall: {
    step(_, machine, around) {
      machine.signals.hall_temperature = around.hallC
    },
    defectShare: () => 0,
  },

  drive: {
    step(drive, machine, around) {
      const wear = wearBearing(machine, around.stepS)
      const unrest = 1 + 0.06 * walkOf(machine, around, walk.vibration, 20_000) + 0.1 * machine.toolWear
      machine.signals.vibration =
        drive.vibration * (0.35 + 0.65 * machine.load) * unrest + 11 * wear ** 1.2 * (0.4 + 0.6 * machine.load)
      // Friction grows with wear and becomes heat; the housing takes a minute and a half to show it.
      const friction = (0.3 + 0.7 * machine.load) * (1 + 2.2 * wear)
      machine.signals.temperature = approach(
        machine.signals.temperature,
        around.hallC + drive.heatK * friction,
        90,
        around.stepS,
      )
      machine.signals.motor_current = drive.idleA + drive.loadA * machine.load * (1 + 0.35 * wear)
      machine.signals.power = (drive.ratedKw ?? 0) * (0.25 + 0.75 * machine.load) * (1 + 0.3 * wear)
    },
    defectShare: (_, machine) => 0.25 * machine.bearingWear ** 2,
  },

  hydraulics: {
    step(unit, machine, around) {
      const { signals } = machine
      // Throttling turns pump power into heat; a tank of oil follows within minutes.
      signals.oil_temperature = approach(
        signals.oil_temperature,
        around.hallC + 17 + 9 * machine.load,
        300,
        around.stepS,
      )
      // Hot oil is thin and leaks past the pump; a worn pump leaks and ripples.
      const leak = 0.0012 * Math.max(0, signals.oil_temperature - 50) + 0.04 * machine.bearingWear
      const ripple = (2 + 6 * machine.bearingWear) * walkOf(machine, around, walk.pressure, 15_000)
      signals.hydraulic_pressure = unit.bar * (1 - leak) + ripple
      // Peak of the last stroke, as a press monitor shows it: it stands while the press does. 1 bar on 1 cm2 is 10 N.
      if (around.running || Number.isNaN(signals.press_force))
        signals.press_force = (signals.hydraulic_pressure * unit.cylinderCm2) / 100
      signals.flow = unit.flow * (1 - leak) * (1 + 0.02 * walkOf(machine, around, walk.flow, 25_000))
    },
    defectShare: (unit, machine) => 2 * Math.max(0, Math.abs(machine.signals.hydraulic_pressure / unit.bar - 1) - 0.05),
  },

  spindle: {
    step(spindle, machine, around) {
      const { signals } = machine
      const positionMs = (around.timeMs + spindle.phaseMs) % spindleCycleMs
      const phase = around.running
        ? (spindlePhases.find((each) => positionMs < each.untilMs) ?? spindlePhases[0])
        : spindlePhases[0]
      const cutting = phase !== spindlePhases[0]
      if (cutting) machine.toolWear = machine.toolWear >= 1 ? 0 : machine.toolWear + around.stepS / toolLifeS
      const resistance = cutting
        ? (1 + 0.12 * machine.toolWear) * (1 + 0.03 * walkOf(machine, around, walk.torque, 8_000))
        : 1
      const torque = phase.torque * resistance * (1 + 0.35 * machine.bearingWear)
      signals.spindle_torque = approach(signals.spindle_torque, torque, 0.8, around.stepS)
      // The drive's speed control gives way by 2 % at full torque.
      const speed = phase.rpm * (1 - 0.02 * (signals.spindle_torque / 60))
      signals.spindle_speed = approach(signals.spindle_speed, speed, 0.8, around.stepS)
      signals.motor_current = spindleMotor.idleA + spindleMotor.ampsPerNm * signals.spindle_torque
    },
    defectShare: (_, machine) => 0.006 * machine.toolWear ** 3,
  },

  injection: {
    step(_, machine, around) {
      const { signals } = machine
      signals.barrel_temperature = 225 + 2.5 * walkOf(machine, around, walk.barrel, 180_000)
      signals.mold_temperature = 60 + 2 * walkOf(machine, around, walk.mold, 240_000)
      // A colder melt is more viscous and asks for more pressure.
      const viscosity = 1 - 0.004 * (signals.barrel_temperature - 225) - 0.002 * (signals.mold_temperature - 60)
      signals.injection_pressure = 920 * viscosity * (1 + 0.01 * walkOf(machine, around, walk.injection, 12_000))
    },
    defectShare: (_, machine) => 0.8 * Math.max(0, Math.abs(machine.signals.injection_pressure / 920 - 1) - 0.03),
  },

  regulated: {
    step(loop, machine, around) {
      const which = walk.regulated + machine.model.components.indexOf(loop)
      machine.signals[loop.sensor] = loop.setPoint + loop.swing * walkOf(machine, around, which, loop.periodMs)
    },
    defectShare: () => 0,
  },
}

/** Moves a machine by one step. The load comes first: everything else hangs on it. */
export function stepMachine(machine: MachineState, around: Surroundings): void {
  const wanted = around.running ? 0.85 + 0.1 * walkOf(machine, around, walk.load, 60_000) : 0.1
  machine.load = approach(machine.load, wanted, 2, around.stepS)
  for (const component of machine.model.components) physicsOf(component).step(component, machine, around)
}

/** Share of its pieces that a machine spoils in its present state, 0..1. */
export function defectShareOf(machine: MachineState): number {
  return machine.model.components.reduce(
    (sum, component) => sum + physicsOf(component).defectShare(component, machine),
    0,
  )
}

/** The one place that ties a component to the physics of its kind, which the compiler cannot follow through the table. */
function physicsOf(component: Component): Physics<Component['is']> {
  return physics[component.is] as Physics<Component['is']>
}

/** A sound bearing lasts for years; a fault wears it within seconds, so that people see it, and a new one is fitted as fast. */
function wearBearing(machine: MachineState, stepS: number): number {
  const target = machine.bearingWearTarget ?? 0.02
  machine.bearingWear = approach(machine.bearingWear, target, machine.bearingWearTarget === null ? 3 : 8, stepS)
  return machine.bearingWear
}
