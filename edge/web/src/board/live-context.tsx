import type { BoardTag } from '@jidoka/contract'
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { BoardState } from './board-state.ts'
import type { LiveBoard, LiveState } from './live-board.ts'

export const LiveContext = createContext<LiveBoard | null>(null)

export function useLiveBoard(): LiveBoard {
  const live = useContext(LiveContext)
  if (live === null) throw new Error('useLiveBoard was called outside of <LiveContext>')
  return live
}

/** Whatever `select` picks; renders again only when its identity changes. */
export function useLive<Selected>(select: (state: LiveState) => Selected): Selected {
  const live = useLiveBoard()
  return useSyncExternalStore(live.subscribe, () => select(live.state()))
}

/** Of the board that is there: pages are drawn only once it is. */
export function useBoard<Selected>(select: (board: BoardState) => Selected): Selected {
  return useLive(({ board }) => {
    if (board === null) throw new Error('a page of the board was drawn before the board came')
    return select(board)
  })
}

export const useTag = (key: string): BoardTag | undefined => useBoard((board) => board.tags.get(key))
