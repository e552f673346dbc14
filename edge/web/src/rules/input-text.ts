import type { RuleDefinition, RuleInput } from '@jidoka/domain'
import { useFormat } from '@jidoka/ui'
import { useText } from '../messages/index.ts'

const mesFieldNames = {
  production_count: 'facts.produced',
  defect_count: 'facts.defects',
  order: 'facts.order',
  lot: 'facts.lot',
  product: 'facts.product',
  shift: 'facts.shift',
} as const

/** What a window or a chart looks at, in words: its figure and length, its tests. */
function useFigureText(): (input: RuleInput & { from: 'window' | 'chart' }) => string {
  const t = useText()
  const format = useFormat()
  return (input) => {
    const what = input.from === 'chart' ? t(`input.${input.tests}`) : windowText(input)
    return input.sensor === undefined ? what : `${what} (${input.sensor})`
  }

  function windowText({ window, mode, stat }: RuleInput & { from: 'window' }): string {
    const figure = t(`stat.${stat}`)
    return window.by === 'time'
      ? t(`input.${mode}_time`, { figure, time: format.duration(window.seconds * 1_000) })
      : t(`input.${mode}_count`, { figure, count: window.count })
  }
}

/** The label of an input's field: its name, and what it looks at where the name does not say it. */
export function useInputText(): (input: RuleInput) => string {
  const figureText = useFigureText()
  return (input) =>
    input.from === 'window' || input.from === 'chart' ? `${input.name}: ${figureText(input)}` : input.name
}

/** Where each input of a rule comes from, in words, with the numbers that a chart takes from limits. */
export function useInputSourceText(): (input: RuleInput, parameters: RuleDefinition['parameters']) => string {
  const t = useText()
  const figureText = useFigureText()
  return (input, parameters) => {
    const given = (number: number | { readonly parameter: string }): string => {
      if (typeof number === 'number') return String(number)
      return String(parameters[number.parameter]?.value ?? number.parameter)
    }
    switch (input.from) {
      case 'trigger':
        return t('input.trigger')
      case 'tag':
        return t('input.tag', { sensor: input.sensor })
      case 'mes':
        return t('input.mes', { field: t(mesFieldNames[input.field]) })
      case 'previous_status':
        return t('input.previous_status')
      case 'window':
        return figureText(input)
      default:
        return t('input.chart_limits', {
          tests: figureText(input),
          centre: given(input.centre),
          sigma: given(input.sigma),
        })
    }
  }
}
