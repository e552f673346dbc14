/** How a publisher behaves. Its messages are numbered from 1, and each reading that it sends says which one it was. */
export interface PublisherKind {
  readonly name: string
  readonly qos: 0 | 1 | 2
  /** False: the session outlives the connection, and what was not acknowledged is sent again with DUP. */
  readonly clean: boolean
  /** Messages under way. */
  readonly window: number
  readonly value: 'number' | 'text'
  /** Readings of one message. */
  readonly samples: number
  /** Without it the appliance's clock says when the reading was taken. */
  readonly withTime: boolean
  /** Absent: it is a device of its own, with the sensor of its kind of value, as fast as the others. */
  readonly beside?: { readonly equipment: string; readonly sensor: string; readonly perSecondMax: number }
}

/** A device as most are: a session, QoS 1, a window of Mosquitto's size. */
export const usual = { qos: 1, clean: false, window: 20, value: 'number', samples: 1, withTime: true } as const

export const publisherKinds: readonly PublisherKind[] = [
  { ...usual, name: 'CLEAN', clean: true, window: 200 },
  { ...usual, name: 'SESSION' },
  { ...usual, name: 'TIMELESS', window: 100, withTime: false },
  { ...usual, name: 'TEXT', window: 50, value: 'text' },
  { ...usual, name: 'TWICE', qos: 2 },
  { ...usual, name: 'ARRAY', samples: 20, withTime: false },
  { ...usual, name: 'UNSURE', qos: 0, clean: true },
]

/** Now and then a reading beside those of a busy device: what makes many rules judge that look at that device. */
export const pulseSensor = 'pulse'
export const pulse: PublisherKind = {
  ...usual,
  name: 'PULSE',
  beside: { equipment: 'CLEAN', sensor: pulseSensor, perSecondMax: 4 },
}

export const line = 'LINE-A'
/** Of each number publisher; the rules look at it. */
export const numberSensor = 'counter'
const textSensor = 'label'

const sensorOf = (kind: PublisherKind): string =>
  kind.beside?.sensor ?? (kind.value === 'text' ? textSensor : numberSensor)
export const tagKeyOf = (kind: PublisherKind): string =>
  `${line}/${kind.beside?.equipment ?? kind.name}/${sensorOf(kind)}`
/** Whether its readings trigger the rules that are always there. */
export const isCounted = (kind: PublisherKind): boolean => sensorOf(kind) === numberSensor
export const topicOf = (kind: PublisherKind): string => `sensor/${tagKeyOf(kind)}`

/** Readings are numbered through: message 3 of a publisher of 20 samples has the readings 41 to 60. */
export function payloadOf(kind: PublisherKind, message: number): string {
  if (kind.samples > 1) {
    const first = (message - 1) * kind.samples + 1
    return JSON.stringify(Array.from({ length: kind.samples }, (_, index) => first + index))
  }
  const value = kind.value === 'text' ? textOf(message) : message
  return JSON.stringify(kind.withTime ? { value, timestamp: new Date().toISOString() } : { value })
}

export const textOf = (reading: number): string => `reading ${reading}`

/** Which reading of its publisher a stored value is; null for what no publisher has sent. */
export function readingOf(kind: PublisherKind, value: unknown): number | null {
  if (kind.value === 'number') return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null
  const found = typeof value === 'string' ? /^reading (\d+)$/.exec(value) : null
  return found === null ? null : Number(found[1])
}
