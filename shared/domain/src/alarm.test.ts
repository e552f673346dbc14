import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmActions, alarmStates, alarmStep, alarmTransitions } from './alarm.ts'

test('the life of an alarm: raised, acknowledged, returned, ended', () => {
  expect(alarmStep('unacknowledged', 'acknowledge')).toEqual({ to: 'acknowledged' })
  expect(alarmStep('acknowledged', 'return')).toEqual({ to: 'cleared' })
})

test('an alarm that returned before anybody acknowledged still waits for it', () => {
  expect(alarmStep('unacknowledged', 'return')).toEqual({ to: 'returned' })
  expect(alarmStep('returned', 'recur')).toEqual({ to: 'unacknowledged' })
  expect(alarmStep('returned', 'acknowledge')).toEqual({ to: 'cleared' })
})

test('an alarm that has ended takes no action: the next one has an id of its own', () => {
  for (const action of alarmActions) expect(alarmStep('cleared', action)).toEqual({ refused: 'is_cleared' })
})

test('whatever happens, an alarm is in one of the known states, and acknowledging twice is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alarmActions), { maxLength: 30 }), (actions) => {
      let state: (typeof alarmStates)[number] = 'unacknowledged'
      for (const action of actions) {
        const step = alarmStep(state, action)
        if ('to' in step) state = step.to
        if (action === 'acknowledge') expect('refused' in alarmTransitions[state].acknowledge).toBe(true)
      }
      expect(alarmStates).toContain(state)
    }),
  )
})
