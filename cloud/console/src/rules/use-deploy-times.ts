import type { CloudRule } from '@jidoka/contract'
import { useEffect, useState } from 'react'
import { deploymentState } from './deployment.ts'

interface Deploying {
  readonly version: number
  readonly startedMs: number
  readonly edgeIds: ReadonlySet<string>
}

/** Stops the time from the press of Deploy until each edge has reported that the version is in force. */
export function useDeployTimes(rule: CloudRule | null): {
  tookMs: ReadonlyMap<string, number>
  start: (version: number, edgeIds: readonly string[], startedMs: number) => void
} {
  const [deploying, setDeploying] = useState<Deploying | null>(null)
  const [tookMs, setTookMs] = useState<ReadonlyMap<string, number>>(new Map())

  useEffect(() => {
    if (rule === null || deploying === null) return
    const done = rule.deployments.filter(
      (deployment) =>
        deploying.edgeIds.has(deployment.edge_id) &&
        deployment.desired_version === deploying.version &&
        deploymentState(deployment) === 'applied',
    )
    const now = performance.now()
    // The instant at which this is seen is what is measured.
    // oxlint-disable-next-line react/set-state-in-effect
    setTookMs((before) => {
      const fresh = done.filter(({ edge_id: id }) => !before.has(id))
      if (fresh.length === 0) return before
      return new Map([...before, ...fresh.map(({ edge_id: id }) => [id, now - deploying.startedMs] as const)])
    })
  }, [rule, deploying])

  return {
    tookMs,
    start: (version, edgeIds, startedMs) => {
      setTookMs(new Map())
      setDeploying({ version, startedMs, edgeIds: new Set(edgeIds) })
    },
  }
}
