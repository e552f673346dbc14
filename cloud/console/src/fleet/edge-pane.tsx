import type { EdgeDetail } from '@jidoka/contract'
import {
  Age,
  Button,
  Choice,
  Facts,
  formatInstant,
  Link,
  ResourceView,
  urlChoice,
  useLocalText,
  useResource,
  useUi,
  useUrlState,
} from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { Pane, Part } from '../app/pane.tsx'
import { places } from '../app/places.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { EdgeCommands } from './edge-commands.tsx'
import { EdgeCourier } from './edge-courier.tsx'
import { ItemTable } from './edge-items.tsx'
import { EdgeLine } from './edge-line.tsx'
import { EdgeStateMark } from './edge-state-mark.tsx'
import { EdgeTroubles } from './edge-troubles.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'

/** A busy edge is heard several times a second; its cursors are worth reading every other second. */
const restMs = 2_000
const refreshEveryMs = 30_000

/** Parts of the pane; the one that is open is in the URL, so that a link shows a colleague the same. */
const edgeParts = ['state', 'line', 'commands', 'courier'] as const
const fields = { part: urlChoice(edgeParts, 'state') }

/** Everything about one edge: who it is, up to where it has sent, what it shall have and what it says that it has. */
export function EdgePane({ id, onClose }: { id: string; onClose: () => void }) {
  const { api } = useConsole()
  const { edges } = useDirectory()
  const resource = useResource(`edge ${id}`, (signal) => api.edge(id, signal), refreshEveryMs)
  const askAgain = useCoalesced(resource.reload, restMs)
  useLiveEvents({
    onEvent: ({ event, data }) => {
      if ((event === 'deployment' || event === 'edge' || event === 'trouble') && data.edge_id === id) askAgain()
    },
    onGap: resource.reload,
  })
  const name = resource.data?.name ?? edges.data?.find((edge) => edge.id === id)?.name ?? id
  return (
    <Pane title={name} onClose={onClose}>
      <ResourceView resource={resource}>{(edge) => <EdgeView edge={edge} onChanged={resource.reload} />}</ResourceView>
    </Pane>
  )
}

function EdgeView({ edge, onChanged }: { edge: EdgeDetail; onChanged: () => void }) {
  const t = useText()
  const { edges } = useDirectory()
  const [{ part }, change] = useUrlState(fields)
  const changed = () => {
    onChanged()
    edges.reload()
  }
  return (
    <>
      <EdgeTroubles edge={edge} onChanged={changed} />
      <Choice
        label={t('fleet.parts')}
        value={part}
        options={edgeParts.map((each) => ({ value: each, label: t(`fleet.part_${each}`) }))}
        onChange={(next) => change({ part: next }, { replace: true })}
      />
      {part === 'state' ? <EdgeState edge={edge} onChanged={changed} /> : null}
      {part === 'line' ? <EdgeLine edge={edge} /> : null}
      {part === 'commands' ? <EdgeCommands edge={edge} /> : null}
      {part === 'courier' ? <EdgeCourier edge={edge} /> : null}
    </>
  )
}

function EdgeState({ edge, onChanged }: { edge: EdgeDetail; onChanged: () => void }) {
  const t = useText()
  const local = useLocalText()
  const { locale } = useUi()
  const refusal = useRefusal()
  const [isRevoking, setIsRevoking] = useState(false)
  const at = (instant: string | null) => formatInstant(instant, 'full', locale, edge.site.time_zone)
  // Commands have a part of their own.
  const items = edge.items.filter(({ kind }) => kind !== 'command')
  return (
    <>
      <Facts
        facts={[
          [t('fleet.site'), `${local(edge.site.name)} (${edge.site.code}, ${edge.site.time_zone})`],
          [t('fleet.state'), <EdgeStateMark key="state" state={edge.state} />],
          [
            t('fleet.seen'),
            <span key="seen">
              <Age at={edge.seen_at} /> · {at(edge.seen_at)}
            </span>,
          ],
          [t('fleet.enrolled'), at(edge.enrolled_at)],
          [t('fleet.version'), edge.program_version],
          [t('fleet.id'), <code key="id">{edge.id}</code>],
        ]}
      />
      <p className="row">
        <Link href={places.judgments({ edge: edge.id })}>{t('fleet.its_judgments')}</Link>
        <Link href={places.judgments({ edge: edge.id, abnormal: true })}>{t('fleet.its_abnormal')}</Link>
      </p>
      <Part title={t('fleet.items')}>
        {items.length === 0 ? (
          <p className="second">{t('fleet.no_items')}</p>
        ) : (
          <ItemTable edge={edge} items={items} onChanged={onChanged} />
        )}
      </Part>
      <p>
        <Button
          className="button-small"
          refused={edge.state === 'revoked' ? t('fleet.is_revoked') : refusal('fleet:manage')}
          onClick={() => setIsRevoking(true)}
        >
          {t('revoke.open')}
        </Button>
      </p>
      {isRevoking ? <RevokeDialog edge={edge} onClose={() => setIsRevoking(false)} onDone={onChanged} /> : null}
    </>
  )
}
