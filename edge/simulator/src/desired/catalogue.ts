import type { CatalogueEntry, SiteDescription } from '@jidoka/domain'
import type { PlantModel } from '../plant/model.ts'
import type { PlacedSensor } from '../plant/plant.ts'

export function siteDescription(plant: PlantModel): SiteDescription {
  return {
    name: plant.name,
    time_zone: plant.timeZone,
    lines: plant.lines.map(({ code, area, name }) => ({ code, area, name })),
  }
}

/** What people know of each tag: its machine and quantity in both languages, unit, limits, digits, and when it counts as silent. */
export function tagCatalogue(sensors: readonly PlacedSensor[]): CatalogueEntry[] {
  return sensors.map((sensor) => ({
    key: sensor.key,
    area: sensor.area,
    name:
      sensor.equipment === null
        ? sensor.name
        : {
            ko: `${sensor.machineName.ko} ${sensor.name.ko}`,
            en: `${sensor.machineName.en}: ${sensor.name.en.toLowerCase()}`,
          },
    kind: 'number',
    unit: sensor.unit,
    limits: sensor.limits,
    decimals: sensor.decimals,
    // Six missed readings of a slow sensor; never under 15 s, so that a broker's restart does not grey the whole board.
    stale_after_s: Math.max(15, (6 * sensor.periodMs) / 1_000),
  }))
}
