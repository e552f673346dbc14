import { edgePaths, type DeadLetter } from '@jidoka/contract'
import { Age, EmptyState, Facts, ResourceView, Table, useFormat, useResource } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

/** 10 s: who mends a device looks whether it still says the wrong thing. */
const refreshEveryMs = 10_000

/** The reasons of a list with how often and since when (newest first, as the list is). */
export function byReason(
  letters: readonly DeadLetter[],
): readonly { reason: DeadLetter['reason']; count: number; newestAt: string }[] {
  const found = new Map<DeadLetter['reason'], { reason: DeadLetter['reason']; count: number; newestAt: string }>()
  for (const { reason, at } of letters) {
    const known = found.get(reason)
    if (known === undefined) found.set(reason, { reason, count: 1, newestAt: at })
    else known.count++
  }
  return [...found.values()].toSorted((one, other) => other.count - one.count)
}

/** Messages that were acknowledged and could not be stored, with what is wrong with them. */
export function DeadLetters() {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const resource = useResource(
    'dead letters',
    async (signal) => (await api.get<DeadLetter[]>(edgePaths.deadLetters, { signal })).data,
    refreshEveryMs,
  )
  return (
    <section className="panel stack" aria-labelledby="dead-letters">
      <h2 id="dead-letters">{t('dead.title')}</h2>
      <ResourceView resource={resource}>
        {(letters) =>
          letters.length === 0 ? (
            <EmptyState title={t('dead.none')}>{t('dead.none_hint')}</EmptyState>
          ) : (
            <>
              <Facts
                facts={byReason(letters).map(({ reason, count, newestAt }) => [
                  t(`dead.${reason}`),
                  <span key={reason}>
                    <strong className="number">{format.count(count)}</strong> · {t('dead.newest')} <Age at={newestAt} />
                  </span>,
                ])}
              />
              <Table
                caption={t('dead.title')}
                rows={letters.map((letter, index) => ({ ...letter, key: `${letter.at} ${index}` }))}
                rowKey={(letter) => letter.key}
                columns={[
                  {
                    key: 'at',
                    header: t('dead.at'),
                    cell: (letter) => <span className="number">{format.instant(letter.at, 'dateSecond')}</span>,
                  },
                  {
                    key: 'reason',
                    header: t('dead.reason'),
                    cell: (letter) => (
                      <>
                        {t(`dead.${letter.reason}`)}
                        <div className="second small">{letter.detail}</div>
                      </>
                    ),
                  },
                  { key: 'source', header: t('dead.source'), cell: (letter) => letter.source },
                  { key: 'topic', header: t('dead.topic'), cell: (letter) => <code>{letter.topic}</code> },
                  { key: 'sample', header: t('dead.sample'), cell: (letter) => <code>{letter.sample}</code> },
                ]}
              />
            </>
          )
        }
      </ResourceView>
    </section>
  )
}
