import { systemClock } from '@jidoka/base'
import { pressure, ratio } from '../judge/test-rules.ts'
import { FlightWriter } from '../pipeline/flight.ts'
import { Journal } from '../pipeline/journal.ts'
import { hotRule, newRunner, productionCount } from '../pipeline/test-support.ts'

/*
 * A journal that never rests, in a process that is going to be killed: kill.test.ts. Argument: the data folder. Says a word
 * after each commit.
 */
const [dataFolder = ''] = process.argv.slice(2)
const journal = new Journal({ dataFolder, tenantId: 'acme', clock: systemClock, runner: newRunner() })
const flights = new FlightWriter()
const reading = (topic: string, value: number) =>
  flights.add({ topic, source: 'child', qos: 1, payload: Buffer.from(JSON.stringify({ value })) })

if (journal.rules().length === 0) {
  journal.apply(null, [
    {
      kind: 'apply_desired',
      change: {
        upserts: [hotRule(), hotRule({ id: 'again', confidence_min: 0.9 }), pressure(), ratio()].map((body) => ({
          kind: 'rule',
          key: body.id,
          version: 1,
          body,
        })),
        removals: [],
        replaceAll: false,
        position: { handle: 'h', offset: '1' },
      },
    },
  ])
}

for (let step = 0; ; step++) {
  for (let index = 0; index < 40; index++)
    reading(`sensor/LINE-A/M${index % 3}/temperature`, step % 5 === 0 && index === 9 ? 95 : 20 + index / 8)
  reading('sensor/LINE-A/pressure', 3)
  const event = productionCount({ source_key: `${process.pid}-${step}`, occurred_at_ms: systemClock.nowMs() })
  const flight = flights.take()
  journal.apply(flight, [
    { kind: 'record_events', events: [event], position: { connector: 'mes', position: `${step}` } },
  ])
  flights.giveBack(flight.buffer)
  // Some folders have a checkpoint to begin from, some have none.
  if (step % 7 === 0) journal.sweep()
  process.stdout.write('.')
}
