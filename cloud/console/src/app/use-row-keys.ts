import type { KeyboardEvent, RefObject } from 'react'
import { useHotkeys } from './hotkeys.ts'

/**
 * j and k move over the rows of the table inside of `frame`, Escape closes what is beside it. `onMove` is told the row's key
 * where something is open, so that the pane follows.
 */
export function useRowKeys(
  frame: RefObject<HTMLElement | null>,
  { openKey, onMove, onClose }: { openKey: string | null; onMove: (key: string) => void; onClose: () => void },
): void {
  const move = (step: 1 | -1) => {
    const rows = [...(frame.current?.querySelectorAll<HTMLTableRowElement>('tr[data-row]') ?? [])]
    const focused = rows.findIndex((row) => row.contains(document.activeElement))
    const from = focused === -1 ? rows.findIndex((row) => row.dataset['row'] === openKey) : focused
    const target = rows[from === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, from + step))]
    if (target === undefined) return
    target.focus()
    target.scrollIntoView({ block: 'nearest' })
    const key = target.dataset['row']
    if (openKey !== null && key !== undefined) onMove(key)
  }
  useHotkeys({
    j: () => move(1),
    k: () => move(-1),
    Escape: () => {
      if (openKey !== null) onClose()
    },
  })
}

/** `onRowKey` of a table whose rows do not open: Enter goes to the first thing in the row that can be used. */
export function enterRow(_row: unknown, event: KeyboardEvent<HTMLTableRowElement>): void {
  if (event.key !== 'Enter') return
  event.preventDefault()
  event.currentTarget.querySelector<HTMLElement>('button, summary')?.focus()
}
