import { Age } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { useLiveState } from './live-context.tsx'

/** Whether what is shown follows the plants, in words; a lost stream says since when. */
export function LiveMark() {
  const t = useText()
  const { state, sinceMs } = useLiveState()
  return (
    <output className={`live-mark live-mark-${state}`}>
      {t(`live.${state}`)}
      {state === 'lost' ? (
        <>
          {' '}
          <Age at={new Date(sinceMs).toISOString()} />
        </>
      ) : null}
    </output>
  )
}
