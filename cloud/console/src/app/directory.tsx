import type { CloudRule, EdgeSummary } from '@jidoka/contract'
import { useResource, useUi, type Resource } from '@jidoka/ui'
import { createContext, useContext, useEffect, useMemo, type ReactNode } from 'react'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { useConsole } from './console-context.tsx'

/** What every page needs names of: edges and rules, kept once for the whole console. */
interface Directory {
  readonly edges: Resource<EdgeSummary[]>
  readonly rules: Resource<CloudRule[]>
}

const DirectoryContext = createContext<Directory | null>(null)

/** 5 s between two readings of the fleet however much is going on: ages tick by themselves, only counts wait. */
const restMs = 5_000
/** 30 s: an edge becomes silent by an event that does not come. */
const refreshEveryMs = 30_000

export function DirectoryProvider({ children }: { children: ReactNode }) {
  const { api } = useConsole()
  const { setTimeZone } = useUi()
  const edges = useResource('edges', api.edges, refreshEveryMs)
  const rules = useResource('rules', api.rules)
  const askEdges = useCoalesced(edges.reload, restMs)
  const askRules = useCoalesced(rules.reload, restMs)
  useLiveEvents({
    onEvent: ({ event }) => {
      if (event === 'edge' || event === 'alarm' || event === 'deployment' || event === 'trouble') askEdges()
      if (event === 'deployment') askRules()
    },
    onGap: () => {
      askEdges()
      askRules()
    },
  })

  // Times are those of the plant. Where the plants are in more than one zone, they are those of the reader.
  const zones = new Set(edges.data?.map((edge) => edge.site.time_zone))
  const [zone] = zones.size === 1 ? zones : []
  useEffect(() => {
    if (zone !== undefined) setTimeZone(zone)
  }, [zone, setTimeZone])

  const directory = useMemo<Directory>(() => ({ edges, rules }), [edges, rules])
  return <DirectoryContext value={directory}>{children}</DirectoryContext>
}

export function useDirectory(): Directory {
  const directory = useContext(DirectoryContext)
  if (directory === null) throw new Error('useDirectory was called outside of <DirectoryProvider>')
  return directory
}
