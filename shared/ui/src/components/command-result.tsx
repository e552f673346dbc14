import type { CommandResult } from '@jidoka/domain'
import { useUiMessages } from '../context/ui-context.tsx'
import { useFormat } from '../context/use-format.ts'
import { uiMessages } from '../messages/index.ts'
import { useStatusText } from './status.tsx'
import { Told } from './told.tsx'

type ResultKey = Extract<keyof (typeof uiMessages)['en'], `command_result.${string}`>
const isResultKey = (key: string): key is ResultKey => Object.hasOwn(uiMessages.en, key)

const verdictsOf = 'verdicts.'

/** What came of a command of the cloud, a line a fact; one that only a newer appliance knows stands under the name that it gives it. */
export function CommandResultList({ result }: { result: CommandResult }) {
  const t = useUiMessages()
  const format = useFormat()
  const statusText = useStatusText()
  const nameOf = (name: string): string => {
    if (name.startsWith(verdictsOf)) return statusText(name.slice(verdictsOf.length))
    const key = `command_result.${name}`
    return isResultKey(key) ? t(key) : name.replaceAll('_', ' ')
  }
  const valueOf = (name: string, value: NonNullable<CommandResult[string]>) => {
    if (typeof value === 'boolean') return t(value ? 'command_result_yes' : 'command_result_no')
    if (typeof value === 'number') {
      if (name === 'bytes') return format.bytes(value)
      return name.endsWith('_ms') ? format.duration(value) : format.count(value)
    }
    if (name.endsWith('_at')) return format.instant(value, 'dateSecond')
    if (name === 'first_refusal') return <Told text={value} />
    return name === 'sha256' ? <code title={value}>{value.slice(0, 12)}…</code> : value
  }
  const facts = Object.entries(result).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  if (facts.length === 0) return <>–</>
  return (
    <ul className="command-result small">
      {facts.map(([name, value]) => (
        <li key={name}>
          <span className="second">{nameOf(name)}</span> {valueOf(name, value)}
        </li>
      ))}
    </ul>
  )
}
