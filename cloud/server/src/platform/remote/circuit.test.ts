import { ManualClock } from '@jidoka/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Circuit } from './circuit.ts'
import { remoteLimits } from './limits.ts'

const { circuitCalls, circuitFailuresMax, circuitOpenMs } = remoteLimits

function failing(circuit: Circuit, times: number): void {
  for (let time = 0; time < times; time++) circuit.begin()?.failed()
}

describe('a circuit', () => {
  it('opens when more than half of the last ten calls have failed, and not before', () => {
    const circuit = new Circuit(new ManualClock())
    failing(circuit, circuitFailuresMax)
    for (let time = 0; time < circuitCalls; time++) circuit.begin()?.succeeded()
    failing(circuit, circuitFailuresMax)
    expect(circuit.state).toBe('closed')
    failing(circuit, 1)
    expect([circuit.state, circuit.begin()]).toEqual(['open', null])
  })

  it('lets one call through after half a minute, whose end decides', () => {
    const clock = new ManualClock()
    const circuit = new Circuit(clock)
    failing(circuit, circuitFailuresMax + 1)
    clock.advance(circuitOpenMs - 1)
    expect([circuit.begin(), circuit.waitMs]).toEqual([null, 1])
    clock.advance(1)
    const probe = circuit.begin()
    expect([circuit.state, circuit.begin()]).toEqual(['half_open', null])
    probe?.failed()
    expect([circuit.state, circuit.waitMs]).toEqual(['open', circuitOpenMs])
    clock.advance(circuitOpenMs)
    circuit.begin()?.succeeded()
    expect(circuit.state).toBe('closed')
    failing(circuit, circuitFailuresMax)
    expect(circuit.state).toBe('closed')
  })

  it('lets another one try when whoever made the trial call has left', () => {
    const clock = new ManualClock()
    const circuit = new Circuit(clock)
    failing(circuit, circuitFailuresMax + 1)
    clock.advance(circuitOpenMs)
    circuit.begin()?.left()
    circuit.begin()?.succeeded()
    expect(circuit.state).toBe('closed')
  })

  it('does not wait for a trial call that waits for news itself', () => {
    const clock = new ManualClock()
    const circuit = new Circuit(clock)
    failing(circuit, circuitFailuresMax + 1)
    clock.advance(circuitOpenMs)
    const longPoll = circuit.begin()
    clock.advance(remoteLimits.circuitTrialMs - 1)
    expect(circuit.begin()).toBeNull()
    clock.advance(1)
    circuit.begin()?.succeeded()
    longPoll?.failed()
    expect(circuit.state).toBe('closed')
  })

  it('hears nothing from calls that began before it opened', () => {
    const clock = new ManualClock()
    const circuit = new Circuit(clock)
    const [early, late] = [circuit.begin(), circuit.begin()]
    failing(circuit, circuitFailuresMax + 1)
    early?.succeeded()
    expect(circuit.state).toBe('open')
    clock.advance(circuitOpenMs)
    const probe = circuit.begin()
    late?.failed()
    probe?.succeeded()
    expect(circuit.state).toBe('closed')
  })

  it('lets nobody through while it is open, one while it is half-open, and is never stuck, whatever happens in which order', () => {
    const step = fc.oneof(
      fc.constant({ do: 'begin' as const }),
      fc.record({ do: fc.constantFrom('succeeded' as const, 'failed' as const, 'left' as const), which: fc.nat(20) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2 * circuitOpenMs }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = new ManualClock()
        const circuit = new Circuit(clock)
        let running: { end: NonNullable<ReturnType<Circuit['begin']>>; trialMs: number }[] = []
        for (const each of steps) {
          const { state } = circuit
          if (each.do === 'wait') clock.advance(each.ms)
          else if (each.do === 'begin') {
            const end = circuit.begin()
            if (state === 'open') expect(end).toBeNull()
            if (state === 'closed') expect(end).not.toBeNull()
            if (state === 'half_open' && end !== null)
              expect(running.some(({ trialMs }) => clock.monotonicMs() - trialMs < remoteLimits.circuitTrialMs)).toBe(
                false,
              )
            if (end !== null)
              running.push({ end, trialMs: state === 'half_open' ? clock.monotonicMs() : Number.NEGATIVE_INFINITY })
          } else {
            const ended = running[each.which]
            ended?.end[each.do]()
            running = running.filter((one) => one !== ended)
          }
        }
        for (const { end } of running) end.left()
        clock.advance(circuitOpenMs)
        circuit.begin()?.succeeded()
        expect(circuit.begin()).not.toBeNull()
      }),
    )
  })
})
