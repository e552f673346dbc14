import type { ObjectUsage } from '@jidoka/contract'
import { Progress, ResourceView, useFormat, type Resource } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'

/** How much is stored of what may be: by bytes, or by files where those are nearer to their end. */
export function StorageUsage({ usage }: { usage: Resource<ObjectUsage> }) {
  const t = useText()
  const format = useFormat()
  return (
    <ResourceView resource={usage} rows={1}>
      {({ used, quota }) => (
        <Progress
          label={t('storage.used')}
          fraction={Math.max(used.bytes / Math.max(1, quota.bytes), used.files / Math.max(1, quota.files))}
        >
          {t('storage.used_of', {
            bytes: format.bytes(used.bytes),
            bytes_max: format.bytes(quota.bytes),
            files: format.count(used.files),
            files_max: format.count(quota.files),
          })}
        </Progress>
      )}
    </ResourceView>
  )
}
