import { laneTable, linkTable } from '@jidoka/sync-engine'

/** How often each cell of a table was met: "table state input" to a number. */
export type Coverage = Map<string, number>

type Table = Record<string, Record<string, (...given: readonly never[]) => unknown>>

/** Cells that no world meets, each with the reason why it cannot. */
export const neverMet: Readonly<Record<string, string>> = {
  'link settled known': 'an answer that nobody waits for is stopped before the table, by its flight',
  'link settled failed': 'as above',
  'link waiting known': 'as above',
  'link waiting failed': 'as above',
  'lane resuming batch_read': 'the answer to a flight that was given up; reading gives no flight up',
  'lane resuming range_gone': 'as above',
  'lane resuming read_failed': 'as above',
  'lane resuming set_aside_done': 'as above',
  'lane resuming receipted': 'only a lane that is sending is told of an answer',
  'lane resuming send_failed': 'as above',
  'lane idle batch_read': 'as of resuming',
  'lane idle range_gone': 'as of resuming',
  'lane idle read_failed': 'as of resuming',
  'lane idle set_aside_done': 'as of resuming',
  'lane idle receipted': 'as of resuming',
  'lane idle send_failed': 'as of resuming',
  'lane gathering batch_read': 'as of resuming',
  'lane gathering range_gone': 'as of resuming',
  'lane gathering read_failed': 'as of resuming',
  'lane gathering set_aside_done': 'as of resuming',
  'lane gathering receipted': 'as of resuming',
  'lane gathering send_failed': 'as of resuming',
  'lane reading cursor':
    'the cursor is asked for lanes that rest or wait for it; whoever reads since has a newer flight, and the answer is stopped before the table',
  'lane reading set_aside_done': 'as of resuming',
  'lane reading receipted': 'as of resuming',
  'lane reading send_failed': 'as of resuming',
  'lane sending batch_read': 'as of resuming',
  'lane sending range_gone': 'as of resuming',
  'lane sending read_failed': 'as of resuming',
  'lane sending set_aside_done': 'as of resuming',
  'lane sending cursor': 'as of reading',
  'lane setting_aside batch_read': 'as of resuming',
  'lane setting_aside range_gone': 'as of resuming',
  'lane setting_aside receipted': 'as of resuming',
  'lane setting_aside send_failed': 'as of resuming',
  'lane setting_aside cursor': 'as of reading',
  'lane waiting cursor': 'as of reading: nobody waits who has not read since',
  'lane waiting batch_read': 'as of resuming',
  'lane waiting range_gone': 'as of resuming',
  'lane waiting read_failed': 'as of resuming',
  'lane waiting set_aside_done': 'as of resuming',
  'lane waiting receipted': 'as of resuming',
  'lane waiting send_failed': 'as of resuming',
  'lane halted cursor': 'as of reading; and who halts over a cursor has had its answer',
  'lane halted batch_read': 'as of resuming',
  'lane halted range_gone': 'as of resuming',
  'lane halted read_failed': 'as of resuming',
  'lane halted set_aside_done': 'as of resuming',
  'lane halted receipted': 'as of resuming',
  'lane halted send_failed': 'as of resuming',
}

/** Cells that one world in many thousands meets, each with the reason: a run of any size may do without. */
export const hardlyMet: Readonly<Record<string, string>> = {
  'lane setting_aside appended': 'two milliseconds, hours after the last row',
  'lane setting_aside wake': 'as above',
  'lane setting_aside poke': 'as above',
  'lane setting_aside receipt_brought': 'as above',
  'lane setting_aside read_failed': 'as above: the disk is not full any more',
}

/** Whether every large run must meet a cell. */
export const mustBeMet = (cell: string): boolean => !(cell in neverMet) && !(cell in hardlyMet)

/** Counts from now on which cells of the engine's tables are met. To be called once a process. */
export function observeEngine(): Coverage {
  const met: Coverage = new Map()
  for (const [name, table] of [
    ['lane', laneTable],
    ['link', linkTable],
  ] as const) {
    for (const [state, cells] of Object.entries(table as unknown as Table)) {
      for (const [input, handler] of Object.entries(cells)) {
        const cell = `${name} ${state} ${input}`
        met.set(cell, 0)
        cells[input] = (...given) => {
          met.set(cell, (met.get(cell) ?? 0) + 1)
          return handler(...given)
        }
      }
    }
  }
  return met
}

export function addCoverage(to: Coverage, more: Iterable<readonly [string, number]>): void {
  for (const [cell, times] of more) to.set(cell, (to.get(cell) ?? 0) + times)
}

/** Cells that were not met though they must be. */
export const missedCells = (met: Coverage): readonly string[] =>
  [...met].flatMap(([cell, times]) => (times === 0 && mustBeMet(cell) ? [cell] : []))

/** Cells that were met though it is said that they cannot be: the reason is wrong. */
export const metAgainstReason = (met: Coverage): readonly string[] =>
  [...met].flatMap(([cell, times]) => (times > 0 && cell in neverMet ? [cell] : []))
