import type { EdgeSummary } from '@jidoka/contract'
import { useText } from '../app/console-context.tsx'

/** In words; an edge that is not heard is marked, because nothing else about it is known to be true now. */
export function EdgeStateMark({ state }: { state: EdgeSummary['state'] }) {
  const t = useText()
  return <span className={`edge-state edge-state-${state}`}>{t(`edge_state.${state}`)}</span>
}
