import { describe, expect, test } from 'vitest'
import { isWithinLimits, publishRefusal, subscribeRefusal } from './access.ts'
import { brokerLimits } from './limits.ts'
import { isTopicName } from './topics.ts'

const device = { login: 'press', role: 'device', lines: ['LINE-A', '라인-2'] } as const
const consumer = { login: 'light', role: 'consumer', lines: [] } as const

describe('access', () => {
  test.each([
    ['sensor/LINE-A/temperature', true],
    ['sensor/LINE-A/PRESS-1/temperature', true],
    ['sensor/라인-2/온도', true],
    ['sensor/LINE-B/temperature', false],
    ['sensor/LINE-AB/temperature', false],
    ['sensor/LINE-A', false],
    ['sensor//LINE-A/temperature', false],
    ['judgment/LINE-A/hot', false],
    ['alarm/LINE-A', false],
    ['$SYS/x', false],
  ])('a device may publish to %s: %s', (topic, allowed) => {
    expect(publishRefusal('devices', device, topic) === null).toBe(allowed)
  })

  test('a consumer and a stranger publish nowhere', () => {
    expect(publishRefusal('devices', consumer, 'sensor/LINE-A/temperature')).not.toBeNull()
    expect(publishRefusal('devices', null, 'sensor/LINE-A/temperature')).not.toBeNull()
  })

  test.each([
    ['judgment/#', true],
    ['judgment/LINE-A/+', true],
    ['alarm/+', true],
    ['verdict/#', true],
    ['sensor/#', false],
    ['#', false],
    ['+/LINE-A/hot', false],
    ['$SYS/#', false],
    ['judgment', false],
  ])('a consumer may subscribe to %s: %s', (filter, allowed) => {
    expect(subscribeRefusal('devices', consumer, filter) === null).toBe(allowed)
    expect(subscribeRefusal('devices', device, filter)).not.toBeNull()
  })

  test('a consumer reads $SYS when its entry says so', () => {
    expect(subscribeRefusal('devices', { ...consumer, readsSys: true }, '$SYS/#')).toBeNull()
    expect(subscribeRefusal('devices', { ...consumer, readsSys: true }, '#')).not.toBeNull()
  })

  test('under the open policy only "$" is closed', () => {
    expect(publishRefusal('open', null, 'anything/at/all')).toBeNull()
    expect(publishRefusal('open', null, '$SYS/x')).not.toBeNull()
    expect(subscribeRefusal('open', null, '#')).toBeNull()
  })

  test('I10: long and deep topics, wildcards and null characters are no names', () => {
    expect(isWithinLimits('a/'.repeat(15) + 'a', brokerLimits)).toBe(true)
    expect(isWithinLimits('a/'.repeat(16) + 'a', brokerLimits)).toBe(false)
    expect(isWithinLimits('가'.repeat(213), brokerLimits)).toBe(true)
    expect(isWithinLimits('가'.repeat(214), brokerLimits)).toBe(false)
    expect(['a/+', 'a/#', 'a\0b', ''].some(isTopicName)).toBe(false)
  })
})
