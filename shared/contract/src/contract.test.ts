import { expect, test } from 'vitest'
import { parseSensorTopic, sensorTopic } from './mqtt.ts'
import { fill } from './paths.ts'
import { problemKinds, problemStatus } from './envelope.ts'

test('a sensor topic names a line and a sensor, or a machine between them', () => {
  expect(parseSensorTopic('sensor/LINE-A/temperature')).toEqual({
    line: 'LINE-A',
    equipment: null,
    sensor: 'temperature',
  })
  expect(parseSensorTopic('sensor/LINE-A/PRESS-1/temperature')).toEqual({
    line: 'LINE-A',
    equipment: 'PRESS-1',
    sensor: 'temperature',
  })
  expect(sensorTopic({ line: 'LINE-A', equipment: 'PRESS-1', sensor: 'force' })).toBe('sensor/LINE-A/PRESS-1/force')
  for (const topic of [
    'sensor',
    'sensor/',
    'sensor/LINE-A',
    'sensors/LINE-A/x',
    'judgment/LINE-A/rule',
    'sensor/a/b/c/d',
  ]) {
    expect(parseSensorTopic(topic)).toBe(null)
  }
})

test('a part of a path is encoded, and a missing one is an error of the program', () => {
  expect(fill('/alarms/{id}/acknowledge', { id: 'a/b ?' })).toBe('/alarms/a%2Fb%20%3F/acknowledge')
  expect(() => fill('/alarms/{id}', {})).toThrow('needs "id"')
})

test('every kind of problem has a status that tells a client whose fault it is', () => {
  for (const kind of problemKinds) expect(problemStatus[kind]).toBeGreaterThanOrEqual(400)
})
