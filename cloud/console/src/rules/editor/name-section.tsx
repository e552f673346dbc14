import { Field } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { useProblemAt } from './problems.tsx'
import type { SectionProps } from './section-props.ts'

export function NameSection({ form, isNew, onChange }: SectionProps & { isNew: boolean }) {
  const t = useText()
  const problem = useProblemAt()
  return (
    <Part title={t('rules.names')}>
      <div className="field-row">
        {isNew ? (
          <Field
            label={t('rules.id')}
            hint={t('rules.id_hint')}
            error={problem('id')}
            spellCheck={false}
            value={form.id}
            onChange={(event) => onChange({ id: event.target.value })}
          />
        ) : null}
        <Field
          label={t('rules.name_ko')}
          lang="ko"
          error={problem('name.ko')}
          value={form.nameKo}
          onChange={(event) => onChange({ nameKo: event.target.value })}
        />
        <Field
          label={t('rules.name_en')}
          lang="en"
          error={problem('name.en')}
          value={form.nameEn}
          onChange={(event) => onChange({ nameEn: event.target.value })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={form.enabled}
            onChange={(event) => onChange({ enabled: event.target.checked })}
          />
          <span>{t('rules.is_enabled')}</span>
        </label>
      </div>
    </Part>
  )
}
