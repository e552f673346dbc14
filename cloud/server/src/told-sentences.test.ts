import { describeError } from '@jidoka/base'
import { recognise } from '@jidoka/contract'
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isTaken } from './platform/tenancy/own-databases.ts'

// What pages show in other languages than English is found by its text (told-sentences-cloud.ts of the contract). A sentence that is changed here
// and not there would be shown in English: this test says so.

const root = new URL('.', import.meta.url)
const files = globSync(
  [
    'platform/{archive,jobs,objects,partitions,tenancy}/*.ts',
    'platform/db/{database,inquiry,transactions,unavailable}.ts',
    'platform/http/{app,problem}.ts',
    'platform/secrets/{rewrap-job,secret-store}.ts',
  ],
  { cwd: root },
).filter((file) => !/test|cases|command|place-register|carrier-schema/.test(file))
/** Of these those kinds alone that pages show in the program's words. */
const filesOfFleet = globSync(['modules/fleet/{commands,control-routes,routes}.ts', 'modules/fleet/courier/*.ts'], {
  cwd: root,
}).filter((file) => !/test|cases/.test(file))

const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g
/** Places of templates, with templates and objects within. */
const place = /\$\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g
/** Those kinds of problems alone that pages show with their own words. */
const thrown =
  /new (?:ProblemError\(\s*'(?:conflict|unavailable|too_large|invalid_input)',|ObjectError\(|OperationalError\(|DifferentRowsError\(|Mover\w+Error\(|CancelAskedError\(|NotYetError\(|DatabaseUnavailableError\(|AggregateError\(|Error\()((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g
const thrownByFleet =
  /new ProblemError\(\s*'(?:conflict|unavailable|too_large)',((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g
const answered =
  /answer\(\s*'(?:conflict|unavailable|too_large|invalid_input)',\s*()('[^']*')|\berror: (?:ended === null \? )?()('[^']*'|`[^`]*`)|const (?:anotherOfIt|inUse|oneDatabase) = ()('[^']*'|`[^`]*`)|=>\s*(`The database [^`]*`)|return (`The tenant [^`]*`)/g

/** Mistakes of a program, and what stands beside the fields that are marked. */
const notShown =
  /^(?:Mend the fields that are named|a directory lies in|the tenant 7 is served here|nothing was counted|tickets could not be taken|the schedule "7"|what was said to stop a statement)/

const wordsOf = (text: string) =>
  [...text.matchAll(literal)].map(([quoted]) => quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
const isSentence = (text: string) => text.split(' ').length > 3
/** Stands for what `describeError` says of a cause. */
const cause = 'its cause'
const sourceOf = (file: string) =>
  readFileSync(new URL(file, root), 'utf8').replaceAll(place, (whole) =>
    whole.includes('describeError(') ? cause : '7',
  )

/** As jobs, moves and pages are told a sentence: with its cause behind it, but where it is a problem's or names the cause itself. */
function toldOf(text: string, thrownBy: string): string[] {
  if (!/\{ cause/.test(thrownBy) || thrownBy.includes('ProblemError') || text.includes(cause)) return [text]
  return /\{\} : \{ cause/.test(thrownBy) ? [text, `${text} (why)`] : [`${text} (why)`]
}

test('each sentence of moves, files, archives, jobs and databases is known to the pages', () => {
  const said = files.flatMap((file) => {
    const source = sourceOf(file)
    return [
      ...[...source.matchAll(thrown)].flatMap(([whole, parts = '']) =>
        wordsOf(parts)
          .filter(isSentence)
          .flatMap((text) => toldOf(text, whole)),
      ),
      ...[...source.matchAll(answered)].flatMap(([whole]) => wordsOf(whole).filter(isSentence)),
    ]
  })
  expect(said.length).toBeGreaterThan(60)
  expect(said.filter((text) => recognise(text) === null && !notShown.test(text))).toEqual([])
})

test('so is each conflict of edges, of commands to them and of files that are carried', () => {
  const said = filesOfFleet.flatMap((file) =>
    [...sourceOf(file).matchAll(thrownByFleet)].flatMap(([, parts = '']) => wordsOf(parts).filter(isSentence)),
  )
  expect(said.length).toBeGreaterThan(12)
  expect(said.filter((text) => recognise(text) === null)).toEqual([])
})

test('what a job says of a store that is away, a table in use and a database that is taken is known as it is said', () => {
  const away = new Error('connect ECONNREFUSED 127.0.0.1:9000')
  const store = new Error(
    `The folder for objects /data cannot be used: ${describeError(away)}. Mend its rights or make room, then try again.`,
    { cause: away },
  )
  const one = (why: string) =>
    `1 partitions could not be kept, and stay; the log names each and says why. The first is core.rows_p2025: ${why}`
  const kept = recognise(one(describeError(store)))
  expect(kept).toMatchObject({ code: 'archive.not_kept', values: { failed: 1, partition: 'core.rows_p2025' } })
  expect(recognise(String(kept?.values['why']))).toMatchObject({
    code: 'files.folder_away',
    values: { folder: '/data', why: away.message },
  })
  const lock = 'the table was in use for more than 2 s; the next run tries again (canceling statement)'
  expect(recognise(lock)?.code).toBe('archive.in_use')
  expect(recognise(isTaken('own', 'demo'))?.code).toBe('move.taken')
})
