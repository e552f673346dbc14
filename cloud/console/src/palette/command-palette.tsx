/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/no-noninteractive-element-to-interactive-role, jsx-a11y/click-events-have-key-events -- a combobox with a list of its own (ARIA authoring practices): a native select cannot search by initial consonants. The keys are on the field. */
import { navigate, useLocalText, useResource, useUi, useUiMessages } from '@jidoka/ui'
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { useLeave } from '../app/leave-guard.tsx'
import { pages, pageTitles, places } from '../app/places.ts'
import { messages } from '../messages/index.ts'
import { searchEntries, type Searchable } from './search.ts'

interface Entry extends Searchable {
  readonly key: string
  readonly kind: 'page' | 'edge' | 'line' | 'rule' | 'action'
  readonly run: () => void
}

/** 50: more than anybody reads; a further letter narrows it. */
const shownMax = 50

/** Ctrl-K: everything that has a name, from the keyboard. */
export function CommandPalette({
  onClose,
  onSignOut,
  onKeys,
}: {
  onClose: () => void
  onSignOut: () => void
  onKeys: () => void
}) {
  const t = useText()
  const dialog = useRef<HTMLDialogElement>(null)
  const close = useRef(onClose)
  useEffect(() => {
    close.current = onClose
  })
  const listId = useId()
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(0)
  const found = searchEntries(useEntries(onSignOut, onKeys), query).slice(0, shownMax)
  const current = found[Math.min(chosen, found.length - 1)]

  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    const controller = new AbortController()
    // Outside of what is inside is the backdrop.
    const onClick = (event: MouseEvent) => {
      if (event.target === element) close.current()
    }
    element?.addEventListener('click', onClick, { signal: controller.signal })
    return () => {
      controller.abort()
      element?.close()
    }
  }, [])
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  })

  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return
    onClose()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter while a Hangul syllable is being composed ends the syllable and nothing more.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setChosen(Math.min(found.length - 1, chosen + 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(0, chosen - 1))
    else if (event.key === 'Enter') run(current)
    else return
    event.preventDefault()
  }

  return (
    <dialog
      className="dialog palette"
      ref={dialog}
      aria-label={t('palette.title')}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div className="palette-inside">
        <input
          className="field-control"
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={current === undefined ? undefined : `${listId}-${current.key}`}
          aria-label={t('palette.title')}
          placeholder={t('palette.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
        />
        <ul className="palette-list" id={listId} role="listbox" aria-label={t('palette.title')}>
          {found.map((entry) => (
            <li
              key={entry.key}
              id={`${listId}-${entry.key}`}
              role="option"
              aria-selected={entry === current}
              onClick={() => run(entry)}
            >
              <span>{entry.title}</span>
              <span className="second small">{t(`palette.${entry.kind}`)}</span>
            </li>
          ))}
        </ul>
        {found.length === 0 ? <p className="second">{t('palette.nothing', { query })}</p> : null}
      </div>
    </dialog>
  )
}

function useEntries(onSignOut: () => void, onKeys: () => void): Entry[] {
  const t = useText()
  const ui = useUiMessages()
  const local = useLocalText()
  const leave = useLeave()
  const { api } = useConsole()
  const { edges, rules } = useDirectory()
  const { locale, chooseLocale, chooseTheme } = useUi()
  const lines = useResource('palette-lines', api.lines)
  const go = (address: string) => () => leave(() => navigate(address))
  return [
    ...pages.map((path) => ({
      key: path,
      kind: 'page' as const,
      title: t(pageTitles[path]),
      words: [messages.en[pageTitles[path]], messages.ko[pageTitles[path]], path],
      run: go(path),
    })),
    ...(lines.data ?? []).map((line) => ({
      key: `line-${line.edge_id}-${line.code}`,
      kind: 'line' as const,
      title: `${local(line.name)} · ${local(line.site.name)}`,
      words: [line.code, line.name.ko, line.name.en, line.edge_name],
      run: go(places.line(line.edge_id, line.code)),
    })),
    ...(edges.data ?? []).map((edge) => ({
      key: `edge-${edge.id}`,
      kind: 'edge' as const,
      title: edge.name,
      words: [edge.site.code, edge.site.name.ko, edge.site.name.en],
      run: go(places.edge(edge.id)),
    })),
    ...(rules.data ?? []).map(({ definition }) => ({
      key: `rule-${definition.id}`,
      kind: 'rule' as const,
      title: local(definition.name),
      words: [definition.id, definition.name.ko, definition.name.en],
      run: go(places.rule(definition.id)),
    })),
    {
      key: 'new-rule',
      kind: 'action',
      title: t('rules.new'),
      words: [messages.en['rules.new']],
      run: go(places.newRule),
    },
    { key: 'keys', kind: 'action', title: t('keys.title'), words: [messages.en['keys.title'], '?'], run: onKeys },
    {
      key: 'language',
      kind: 'action',
      title: locale === 'ko' ? 'English' : '한국어',
      words: ['language', '언어'],
      run: () => chooseLocale(locale === 'ko' ? 'en' : 'ko'),
    },
    ...(['light', 'dark'] as const).map((theme) => ({
      key: `theme-${theme}`,
      kind: 'action' as const,
      title: `${ui('theme.label')}: ${ui(`theme.${theme}`)}`,
      words: ['theme', theme],
      run: () => chooseTheme(theme),
    })),
    {
      key: 'sign-out',
      kind: 'action',
      title: t('account.sign_out'),
      words: ['logout', messages.en['account.sign_out']],
      run: onSignOut,
    },
  ]
}
