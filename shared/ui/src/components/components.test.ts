import { alarmPriorities } from '@jidoka/domain'
import { createElement, type ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTicker } from '../context/ticker.ts'
import { UiProvider } from '../context/ui-context.tsx'
import { Age } from './age.tsx'
import { Button, type ButtonProps } from './button.tsx'
import { EmptyState, ErrorNote } from './feedback.tsx'
import { LimitBar } from './limit-bar.tsx'
import { ConditionMark, PriorityMark } from './mark.tsx'
import { StatusBadge } from './status.tsx'
import { Table } from './table.tsx'
import { isLongVerdict } from './verdict-tile.tsx'
import { ValueWithUnit } from './value.tsx'
import { ProblemError } from '../data/errors.ts'

const nowMs = Date.parse('2026-11-21T05:00:00Z')

beforeEach(() => {
  vi.stubGlobal('navigator', { languages: ['ko-KR'] })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

function html(node: ReactNode): string {
  const ticker = createTicker({ now: () => nowMs, every: () => () => undefined })
  return renderToStaticMarkup(createElement(UiProvider, { ticker } as Parameters<typeof UiProvider>[0], node))
}

test('each priority has a shape and a letter of its own beside its colour', () => {
  const marks = alarmPriorities.map((priority) => html(createElement(PriorityMark, { priority })))
  expect(new Set(marks.map((mark) => / d="([^"]+)"/.exec(mark)?.[1])).size).toBe(4)
  expect(marks.map((mark) => />([A-Z])<\/text>/.exec(mark)?.[1])).toEqual(['C', 'H', 'M', 'L'])
  expect(marks[0]).toContain('aria-label="긴급"')
})

test('what is normal and what was never judged draw no mark', () => {
  expect(html(createElement(ConditionMark, { condition: 'normal' }))).toBe('')
  expect(html(createElement(ConditionMark, { condition: 'silent' }))).toBe('')
})

test('a verdict that could not be given is marked apart from normal and from abnormal', () => {
  const badge = html(createElement(StatusBadge, { status: 'UNJUDGED', normal: false }))
  expect(badge).toContain('mark-unjudged')
  expect(badge).toContain('판정 불가')
})

test('a status that only the plant knows stands as its author wrote it', () => {
  expect(html(createElement(StatusBadge, { status: 'BEARING_WORN', normal: false }))).toContain('BEARING WORN')
  expect(html(createElement(StatusBadge, { status: 'toString', normal: false }))).toContain('toString')
})

test('a refused button stays in the tab order and says why', () => {
  const button = html(createElement(Button, { refused: 'An operator can.' } as ButtonProps, 'Acknowledge'))
  expect(button).toContain('aria-disabled="true"')
  expect(button).not.toContain(' disabled')
  const reasonId = /aria-describedby="([^"]+)"/.exec(button)?.[1]
  expect(button).toContain(`<span id="${reasonId}" class="button-reason">An operator can.</span>`)
})

test('a value that is too old is struck through and its age says so', () => {
  expect(html(createElement(ValueWithUnit, { value: 72.04, unit: '°C', decimals: 1, stale: true }))).toContain(
    'value-stale',
  )
  const age = html(createElement(Age, { at: '2026-11-21T04:58:00Z', staleAfterS: 30 }))
  expect(age).toContain('2분 · 오래됨')
  expect(html(createElement(Age, { at: '2026-11-21T04:59:48Z', staleAfterS: 30 }))).toContain('>12초<')
  expect(html(createElement(Age, { at: null }))).toContain('없음')
})

test('a value of doubtful quality says so', () => {
  expect(html(createElement(ValueWithUnit, { value: 1, unit: '', decimals: 0, quality: 'bad' }))).toContain('불량')
})

test('a bar of limits says in words where the value stands', () => {
  const bar = (value: number) =>
    html(createElement(LimitBar, { value, limits: { low: 45, high: 80, high_high: 95 }, decimals: 1 }))
  expect(bar(60)).toContain('aria-label="정상 45.0–80.0"')
  expect(bar(85)).toContain('정상 범위 벗어남')
  expect(bar(99)).toContain('위험 한계 벗어남')
  expect(html(createElement(LimitBar, { value: 1, limits: {}, decimals: 1 }))).toBe('')
})

test('one row of a table takes part in the tab order', () => {
  const table = html(
    createElement(Table<string>, {
      caption: 'Rows',
      columns: [{ key: 'a', header: 'A', cell: (row) => row }],
      rows: ['x', 'y', 'z'],
      rowKey: (row) => row,
      onChoose: () => undefined,
      chosenKey: 'y',
    }),
  )
  expect(table.match(/tabindex="0"/gi)).toHaveLength(1)
  expect(/<tr[^>]*data-row="y"[^>]*tabindex="0"/i.test(table)).toBe(true)
  expect(/data-row="y"[^>]*aria-selected="true"/.test(table)).toBe(true)
})

test('a table none of whose rows takes focus is scrolled by its frame, under its own name', () => {
  const table = html(
    createElement(Table<string>, {
      caption: 'Rows',
      columns: [{ key: 'a', header: 'A', cell: (row) => row }],
      rows: ['x'],
      rowKey: (row) => row,
    }),
  )
  const [, id] = /<div[^>]*tabindex="0" role="group" aria-labelledby="([^"]+)"/i.exec(table) ?? []
  expect(table).toContain(`<caption id="${id}"`)
})

test('rows stand under the name of their group, named once', () => {
  const table = html(
    createElement(Table<string>, {
      caption: 'Rows',
      columns: [{ key: 'a', header: 'A', cell: (row) => row }],
      rows: ['a1', 'a2', 'b1'],
      rowKey: (row) => row,
      groupOf: (row) => ({ key: row.charAt(0), label: `group ${row.charAt(0)}` }),
    }),
  )
  expect(table.match(/group a/g)).toHaveLength(1)
  expect(table.match(/group b/g)).toHaveLength(1)
})

test('an error is announced as a sentence that says what to do', () => {
  const note = html(
    createElement(ErrorNote, {
      error: new ProblemError({ type: '', kind: 'conflict', title: '', status: 409, detail: 'version 4 is newer' }),
    }),
  )
  expect(note).toContain('role="alert"')
  expect(note).toContain('그사이 다른 사람이 바꾸었습니다')
  expect(note).toContain('version 4 is newer')
})

test('an empty place says what will be there', () => {
  expect(html(createElement(EmptyState, { title: 'No rule yet' }, 'Deploy one.'))).toContain('Deploy one.')
})

test('a verdict that would break at the large size takes the smaller one', () => {
  expect(['정상', '판정 불가', 'Normal', 'ZONE D'].map(isLongVerdict)).toEqual([false, false, false, false])
  expect(['Very high', 'Too many defects', '기준 온도 초과'].map(isLongVerdict)).toEqual([true, true, true])
})
