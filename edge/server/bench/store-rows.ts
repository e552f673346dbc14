import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openReader } from '../src/store/journal-reader.ts'
import { chartTimes, makeStore, medianOf } from './made-store.ts'

/** A row whose yardstick is a limit. */
export interface StoreRow {
  readonly name: string
  readonly unit: string
  readonly subject: () => Promise<number>
}

const tagsOfPlant = 2_000
/** 19 million readings are a day of so many tags at 1/s, so that the day is read out of a store of days and not out of one hour. */
const tagsOfDay = 200
const readings = 20_000_000
const dayMs = 86_400_000
const chartsPerRound = 12

/** Rows of stores that are made once and measured in every round; `store.ts` makes the larger ones. */
export function storeRows(): { readonly rows: readonly StoreRow[]; close(): void } {
  const folders: string[] = []
  const made = (tags: number) => {
    let known: { readonly folder: string; readonly store: ReturnType<typeof makeStore> } | null = null
    return () => {
      if (known !== null) return known
      const folder = mkdtempSync(join(tmpdir(), 'jidoka-store-'))
      folders.push(folder)
      known = { folder, store: makeStore(folder, readings, tags) }
      return known
    }
  }
  const [ofPlant, ofDay] = [made(tagsOfPlant), made(tagsOfDay)]
  return {
    rows: [
      {
        name: 'bytes a reading at rest, 2,000 tags at 1/s',
        unit: 'B',
        subject: async () => {
          const { folder, store } = ofPlant()
          const reader = openReader({ dataFolder: folder })
          try {
            return reader.sizeBytes() / store.readingsTotal
          } finally {
            reader.close()
          }
        },
      },
      {
        name: 'a day of a 1/s tag as 1,000 points out of 20 million readings, ms',
        unit: 'ms',
        subject: async () => {
          const { folder, store } = ofDay()
          // Opened anew in each round: what an earlier one has read is not at hand.
          const reader = openReader({ dataFolder: folder })
          try {
            return medianOf(chartTimes(reader, store, tagsOfDay, dayMs, chartsPerRound).times)
          } finally {
            reader.close()
          }
        },
      },
    ],
    close: () => {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
    },
  }
}
