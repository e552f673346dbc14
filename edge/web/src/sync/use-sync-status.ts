import { edgePaths, type SyncStatus } from '@jidoka/contract'
import { useResource, useUiMessages, type Resource } from '@jidoka/ui'
import { useMay, useSession } from '../session/session-context.tsx'

/** 2 s: a drain that is watched must be seen to get on; the answer comes from memory and two small reads. */
const refreshEveryMs = 2_000

export function useSyncStatus(): Resource<SyncStatus> {
  const { api } = useSession()
  return useResource(
    'sync status',
    async (signal) => (await api.get<SyncStatus>(edgePaths.syncStatus, { signal })).data,
    refreshEveryMs,
  )
}

/** Why this person may not change how the appliance is set up; null when they may. */
export function useSettingsRefusal(): string | null {
  const ui = useUiMessages()
  return useMay('settings:manage') ? null : ui('problem.not_permitted')
}
