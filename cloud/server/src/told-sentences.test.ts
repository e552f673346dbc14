import { recognise } from '@jidoka/contract'
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

// What pages show in other languages than English is found by its text (told-sentences-cloud.ts of the contract). A sentence that is changed here
// and not there would be shown in English: this test says so.

const root = new URL('.', import.meta.url)
const files = globSync(
  [
    'platform/{archive,jobs,objects,tenancy}/*.ts',
    'platform/db/{database,inquiry,transactions,unavailable}.ts',
    'platform/http/{app,problem}.ts',
    'platform/secrets/{rewrap-job,secret-store}.ts',
  ],
  { cwd: root },
).filter((file) => !/test|cases|command|place-register|carrier-schema/.test(file))

const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g
/** Places of templates, with templates and objects within. */
const place = /\$\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g
/** Those kinds of problems alone that pages show with their own words. */
const thrown =
  /new (?:ProblemError\(\s*'(?:conflict|unavailable|too_large|invalid_input)',|ObjectError\(|OperationalError\(|DifferentRowsError\(|Mover\w+Error\(|CancelAskedError\(|NotYetError\(|DatabaseUnavailableError\(|AggregateError\(|Error\()((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g
const answered =
  /answer\(\s*'(?:conflict|unavailable|too_large|invalid_input)',\s*()('[^']*')|\berror: (?:ended === null \? )?()('[^']*'|`[^`]*`)|const (?:anotherOfIt|oneDatabase) = ()('[^']*')|return (`The tenant [^`]*`)/g

/** Mistakes of a program, and what stands beside the fields that are marked. */
const notShown =
  /^(?:Mend the fields that are named|a directory lies in|the tenant 7 is served here|nothing was counted|tickets could not be taken|the schedule "7"|what was said to stop a statement)/

const wordsOf = (text: string) =>
  [...text.matchAll(literal)].map(([quoted]) => quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
const isSentence = (text: string) => text.split(' ').length > 3

test('each sentence of moves, files, archives, jobs and databases is known to the pages', () => {
  const said = files.flatMap((file) => {
    const source = readFileSync(new URL(file, root), 'utf8').replaceAll(place, '7')
    return [
      ...[...source.matchAll(thrown)].flatMap(([whole, parts = '']) =>
        wordsOf(parts)
          .filter(isSentence)
          // Of those, a job and a move tell the cause as well.
          .map((text) => (/\{ cause/.test(whole) && !whole.includes('ProblemError') ? `${text} (why)` : text)),
      ),
      ...[...source.matchAll(answered)].flatMap(([whole]) => wordsOf(whole).filter(isSentence)),
    ]
  })
  expect(said.length).toBeGreaterThan(60)
  expect(said.filter((text) => recognise(text) === null && !notShown.test(text))).toEqual([])
})
