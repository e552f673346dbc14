import type { CloudRule } from '@jidoka/contract'
import { Age, Button, Dialog } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import type { NewDefinition } from '../definition.ts'
import { disagreements } from '../differences.ts'

/** Two people changed the same version: what each did stands side by side, and one of them decides. */
export function ConflictDialog({
  base,
  theirs,
  mine,
  busy,
  onTakeTheirs,
  onSaveMine,
  onClose,
}: {
  base: CloudRule
  theirs: CloudRule
  mine: NewDefinition
  busy: boolean
  onTakeTheirs: () => void
  onSaveMine: () => void
  onClose: () => void
}) {
  const t = useText()
  const rows = disagreements(base.definition, theirs.definition, mine)
  return (
    <Dialog
      title={t('conflict.title')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('conflict.go_on')}</Button>
          <Button onClick={onTakeTheirs}>{t('conflict.take_theirs', { version: theirs.definition.version })}</Button>
          <Button busy={busy} onClick={onSaveMine}>
            {t('conflict.save_mine', { version: theirs.definition.version + 1 })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>
          {t('conflict.body', { who: theirs.changed_by, version: theirs.definition.version })} (
          <Age at={theirs.changed_at} />)
        </p>
        <div className="table-frame">
          <table className="table">
            <caption className="visually-hidden">{t('conflict.title')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('conflict.place')}</th>
                <th scope="col">{t('conflict.base', { version: base.definition.version })}</th>
                <th scope="col">{t('conflict.theirs')}</th>
                <th scope="col">{t('conflict.mine')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.at}>
                  <th scope="row">
                    <code>{row.at}</code>
                  </th>
                  {[row.base, row.theirs, row.mine].map((text, index) => (
                    <td
                      key={['base', 'theirs', 'mine'][index]}
                      className={index > 0 && text !== row.base ? 'differs' : 'second'}
                    >
                      <pre>{text ?? '–'}</pre>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </Dialog>
  )
}
