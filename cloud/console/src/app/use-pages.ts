import { isAbort } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import type { Page } from './console-api.ts'
import { afterReading, firstOf, type PageReading } from './page-reading.ts'

/** A list that is read page by page; `read` may change from render to render, and counts from the next page on. */
export function usePages<Row>(read: (cursor: string | null, signal: AbortSignal) => Promise<Page<Row>>) {
  const [pages, setPages] = useState<readonly Page<Row>[]>([])
  const [reading, setReading] = useState<PageReading | null>(firstOf(1))
  const [failure, setFailure] = useState<{ readonly error: unknown; readonly of: PageReading } | null>(null)
  const latest = useRef(read)
  useEffect(() => {
    latest.current = read
  })

  useEffect(() => {
    if (reading === null) return undefined
    const controller = new AbortController()
    const { signal } = controller
    const readAll = async () => {
      const got: Page<Row>[] = []
      try {
        let { cursor } = reading
        do {
          const page = await latest.current(cursor, signal)
          if (signal.aborted) return
          got.push(page)
          cursor = page.nextCursor
        } while (cursor !== null && got.length < reading.count)
        setPages((before) => afterReading(before, reading, got))
        setFailure(null)
      } catch (error) {
        if (signal.aborted || isAbort(error)) return
        setFailure({ error, of: reading })
      }
      setReading(null)
    }
    void readAll()
    return () => controller.abort()
  }, [reading])

  const next = pages.at(-1)?.nextCursor ?? null
  return {
    rows: pages.flatMap(({ rows }) => rows),
    isRead: pages.length > 0,
    isReading: reading !== null,
    /** Null: the last that was asked for came. */
    error: failure?.error ?? null,
    /** Asks once more for what did not come. */
    retry: () => setReading(failure === null ? firstOf(pages.length) : { ...failure.of }),
    /** Reads again what is shown, all of its pages. */
    again: () => setReading(firstOf(pages.length)),
    /** Null: this was all. */
    more: next === null ? null : () => setReading({ cursor: next, count: 1 }),
  }
}
