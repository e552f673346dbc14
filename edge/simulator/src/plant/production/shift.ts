import type { PlantModel } from '../model.ts'

/** The shift at work at an instant. Before the day's first shift begins, yesterday's last is still there. */
export function shiftAt(plant: Pick<PlantModel, 'shifts' | 'utcOffsetMs'>, timeMs: number): string {
  const hour = ((((timeMs + plant.utcOffsetMs) / 3_600_000) % 24) + 24) % 24
  const shift = plant.shifts.findLast((each) => each.startsAtHour <= hour) ?? plant.shifts.at(-1)
  if (shift === undefined) throw new RangeError('a plant needs at least one shift')
  return shift.code
}
