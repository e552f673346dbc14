import { edgePaths, type EdgeTag } from '@jidoka/contract'
import {
  Age,
  Button,
  Choice,
  EmptyState,
  ResourceView,
  Table,
  urlChoice,
  urlText,
  useLocalText,
  useResource,
  useUrlState,
  ValueWithUnit,
} from '@jidoka/ui'
import { useLiveBoard, useTag } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { AdoptionForm } from './adoption-form.tsx'
import { DeadLetters } from './dead-letters.tsx'

const views = ['waiting', 'here'] as const
const fields = { show: urlChoice(views, 'waiting'), tag: urlText(), cursor: urlText() }
/** A device that makes up topics brings thousands, which would take the browser seconds to draw. */
const pageSize = 100
/** 5 s: somebody who wires a sensor up looks here for it. */
const refreshEveryMs = 5_000

function LastValue({ tag }: { tag: EdgeTag }) {
  const { value, quality } = useTag(tag.key) ?? tag
  return <ValueWithUnit value={value} quality={quality} unit={tag.unit} decimals={tag.decimals} />
}

function LastAge({ tag }: { tag: EdgeTag }) {
  const { at } = useTag(tag.key) ?? tag
  return <Age at={at} staleAfterS={tag.stale_after_s} />
}

/** What was adopted here is few, and the appliance does not tell it apart from what the catalogue names. */
const queryOf = (show: (typeof views)[number], cursor: string): Record<string, string> =>
  show === 'here'
    ? { adopted: 'true' }
    : { adopted: 'false', limit: String(pageSize), ...(cursor === '' ? {} : { cursor }) }

/** Tags that came by themselves: what they say, and giving them a name; beside them what could not be stored at all. */
export function TagsPage() {
  const t = useText()
  const localText = useLocalText()
  const live = useLiveBoard()
  const { api } = useSession()
  const [{ show, tag: chosenKey, cursor }, change] = useUrlState(fields)
  const resource = useResource(
    JSON.stringify({ show, cursor }),
    (signal) => api.get<EdgeTag[]>(edgePaths.tags, { query: queryOf(show, cursor), signal }),
    refreshEveryMs,
  )
  const onChanged = () => {
    resource.reload()
    live.refetch()
    change({ tag: '' }, { replace: true })
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.tags')}</h1>
        <Choice
          label={t('tags.show')}
          value={show}
          onChange={(value) => change({ show: value, tag: '', cursor: '' })}
          options={views.map((value) => ({ value, label: t(`tags.show_${value}`) }))}
        />
      </div>
      <ResourceView resource={resource} rows={6}>
        {({ data, meta }) => {
          const tags = data.filter((tag) => (show === 'waiting' ? !tag.adopted : tag.adopted_here))
          const chosen = tags.find(({ key }) => key === chosenKey)
          if (tags.length === 0 && cursor === '')
            return <EmptyState title={t(`tags.none_${show}`)}>{t(`tags.none_${show}_hint`)}</EmptyState>
          return (
            <div className="list-and-detail">
              <div className="stack">
                <Table
                  caption={t(`tags.show_${show}`)}
                  roomy
                  rows={tags}
                  rowKey={(tag) => tag.key}
                  chosenKey={chosenKey}
                  onChoose={(tag) => change({ tag: tag.key }, { replace: true })}
                  columns={[
                    {
                      key: 'key',
                      header: t('tags.tag'),
                      compare: (one, other) => one.key.localeCompare(other.key),
                      cell: (tag) => (
                        <>
                          {tag.adopted ? <strong>{localText(tag.name)}</strong> : null} <code>{tag.key}</code>
                        </>
                      ),
                    },
                    { key: 'kind', header: t('tags.kind'), cell: (tag) => t(`tags.kind_${tag.kind}`) },
                    { key: 'value', header: t('tag.value'), align: 'right', cell: (tag) => <LastValue tag={tag} /> },
                    {
                      key: 'age',
                      header: t('tag.age'),
                      align: 'right',
                      width: '8rem',
                      compare: (one, other) => Date.parse(other.at ?? '') - Date.parse(one.at ?? ''),
                      cell: (tag) => <LastAge tag={tag} />,
                    },
                  ]}
                />
                <div className="row">
                  {cursor === '' ? null : (
                    <Button onClick={() => change({ cursor: '', tag: '' })}>{t('tags.first_page')}</Button>
                  )}
                  {meta.next_cursor === undefined ? null : (
                    <Button onClick={() => change({ cursor: meta.next_cursor ?? '', tag: '' })}>
                      {t('tags.next_page')}
                    </Button>
                  )}
                </div>
              </div>
              <section className="panel detail stack" aria-labelledby="tags-adopt">
                <h2 id="tags-adopt">{chosen === undefined ? t('tags.adopt_title') : <code>{chosen.key}</code>}</h2>
                {chosen === undefined ? (
                  <p className="second">{t('tags.choose')}</p>
                ) : (
                  <AdoptionForm key={chosen.key} tag={chosen} onChanged={onChanged} />
                )}
              </section>
            </div>
          )
        }}
      </ResourceView>
      <DeadLetters />
    </div>
  )
}
