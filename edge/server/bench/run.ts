import { loadavg } from 'node:os'
import { edgeRows } from './rows.ts'

/** Runs rows of the edge's benchmark by themselves: `node edge/server/bench/run.ts [rounds] [part of a name]`. Subject and peer take turns. */
const rounds = Number(process.argv[2] ?? '3')
const wanted = process.argv[3] ?? ''
const middle = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN
const figure = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3))

process.stdout.write(`load of the machine ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds\n`)
for (const { name, unit, subject, peer } of edgeRows.filter((row) => row.name.includes(wanted))) {
  const subjects: number[] = []
  const peers: number[] = []
  for (let round = 0; round < rounds; round++) {
    subjects.push(await subject())
    if (typeof peer !== 'string') peers.push(await peer())
  }
  const ratios = subjects.flatMap((each, round) => (peers[round] === undefined ? [] : [each / peers[round]]))
  const ratio =
    typeof peer === 'string'
      ? peer
      : `${middle(ratios).toFixed(2)} x (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
  process.stdout.write(`${ratio}: ${name}; ${figure(middle(subjects))} against ${figure(middle(peers))} ${unit}\n`)
}
