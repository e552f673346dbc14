import type { RuleInput } from '@jidoka/domain'
import { useText } from '../messages/index.ts'

/** What an input looks at, in words, where its name does not say it: a window's figure and length, a chart's tests. */
export function useInputText(): (input: RuleInput) => string {
  const t = useText()
  return (input) => {
    if (input.from !== 'window' && input.from !== 'chart') return input.name
    const what = input.from === 'chart' ? t(`input.${input.tests}`) : windowText(input)
    return `${input.name}: ${what}${input.sensor === undefined ? '' : ` (${input.sensor})`}`
  }

  function windowText({ window, mode, stat }: RuleInput & { from: 'window' }): string {
    const figure = t(`stat.${stat}`)
    return window.by === 'time'
      ? t(`input.${mode}_time`, { figure, seconds: window.seconds })
      : t(`input.${mode}_count`, { figure, count: window.count })
  }
}
