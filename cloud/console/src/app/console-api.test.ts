import { cloudPaths, pageSizeMax } from '@jidoka/contract'
import { createApi } from '@jidoka/ui'
import { expect, it } from 'vitest'
import { createConsoleApi } from './console-api.ts'

it('reads a list that is shown as a whole to its end, page by page', async () => {
  const asked: string[] = []
  const pages: Record<string, { data: string[]; next?: string }> = {
    '': { data: ['a', 'b'], next: 'x' },
    x: { data: [], next: 'y' },
    y: { data: ['c'] },
  }
  const api = createConsoleApi(
    createApi({
      fetch: (input) => {
        const url = new URL(input instanceof Request ? input.url : input, 'http://cloud')
        asked.push(`${url.pathname}${url.search}`)
        const { data, next } = pages[url.searchParams.get('cursor') ?? ''] ?? { data: [] }
        const meta = { request_id: '1', ...(next === undefined ? {} : { next_cursor: next }) }
        return Promise.resolve(Response.json({ data, meta }))
      },
    }),
  )
  expect(await api.sites()).toEqual(['a', 'b', 'c'])
  const page = `${cloudPaths.sites}?limit=${pageSizeMax}`
  expect(asked).toEqual([page, `${page}&cursor=x`, `${page}&cursor=y`])
})
