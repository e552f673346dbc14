import { Dialog } from '@jidoka/ui'
import { Fragment } from 'react'
import { useText } from './console-context.tsx'

const keys = [
  ['Ctrl K', 'keys.palette'],
  ['g l', 'page.lines'],
  ['g f', 'page.fleet'],
  ['g j', 'page.judgments'],
  ['g r', 'page.rules'],
  ['g a', 'page.audit'],
  ['g s', 'page.secrets'],
  ['g e', 'page.events'],
  ['g b', 'page.jobs'],
  ['g h', 'page.archives'],
  ['g o', 'page.storage'],
  ['g t', 'page.tenants'],
  ['j k', 'keys.rows'],
  ['Enter', 'keys.open'],
  ['Esc', 'keys.close'],
  ['n', 'keys.news'],
  ['Ctrl S', 'keys.save'],
  ['?', 'keys.help'],
] as const

/** Every key that does something, in one place. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const t = useText()
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="facts">
        {keys.map(([names, message]) => (
          <Fragment key={names}>
            <dt className="keys">
              {names.split(' ').map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{t(message)}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  )
}
