import type { ChartInput, WindowInput, WindowStat } from '@jidoka/domain'

/** A window of an input while it is edited: numbers as they are typed. */
export interface WindowForm {
  readonly by: 'time' | 'count'
  /** Seconds or readings. */
  readonly span: string
  readonly mode: WindowInput['mode']
  readonly stat: WindowStat
  /** Of an EWMA. */
  readonly weightBy: 'alpha' | 'half_life_s'
  readonly weight: string
  /** Empty: as few as the figure needs. */
  readonly countMin: string
  readonly latenessS: string
}

/** A control chart of an input; centre and sigma are numbers or names of parameters. */
export interface ChartForm {
  readonly centre: string
  readonly sigma: string
  readonly tests: ChartInput['tests']
  readonly latenessS: string
}

export const newWindowForm: WindowForm = {
  by: 'time',
  span: '60',
  mode: 'sliding',
  stat: 'mean',
  weightBy: 'alpha',
  weight: '0.2',
  countMin: '',
  latenessS: '10',
}

export const newChartForm: ChartForm = { centre: '', sigma: '', tests: 'nelson', latenessS: '10' }

export function windowFormOf(input: WindowInput): WindowForm {
  const { window, alpha, half_life_s: halfLifeS, count_min: countMin } = input
  return {
    by: window.by,
    span: String(window.by === 'time' ? window.seconds : window.count),
    mode: input.mode,
    stat: input.stat,
    weightBy: halfLifeS === undefined ? 'alpha' : 'half_life_s',
    weight: String(halfLifeS ?? alpha ?? newWindowForm.weight),
    countMin: countMin === undefined ? '' : String(countMin),
    latenessS: String(input.lateness_s),
  }
}

export function chartFormOf(input: ChartInput): ChartForm {
  const text = (given: ChartInput['centre']) => (typeof given === 'number' ? String(given) : given.parameter)
  return {
    centre: text(input.centre),
    sigma: text(input.sigma),
    tests: input.tests,
    latenessS: String(input.lateness_s),
  }
}

/** Reads a number at a place of the form, and notes there what is wrong with it. */
export type ReadNumber = (text: string, at: string) => number

export function windowOf(form: WindowForm, at: string, read: ReadNumber) {
  const { by, span, mode, stat, weightBy, weight, countMin } = form
  return {
    window:
      by === 'time'
        ? { by, seconds: read(span, `${at}.window.seconds`) }
        : { by, count: read(span, `${at}.window.count`) },
    mode,
    stat,
    lateness_s: read(form.latenessS, `${at}.lateness_s`),
    ...(stat === 'ewma' ? { [weightBy]: read(weight, `${at}.${weightBy}`) } : {}),
    ...(countMin.trim() === '' ? {} : { count_min: read(countMin, `${at}.count_min`) }),
  }
}

export function chartOf(form: ChartForm, at: string, read: ReadNumber) {
  const given = (text: string, member: 'centre' | 'sigma') =>
    /^[a-z]/.test(text.trim()) ? { parameter: text.trim() } : read(text, `${at}.${member}`)
  return {
    centre: given(form.centre, 'centre'),
    sigma: given(form.sigma, 'sigma'),
    tests: form.tests,
    lateness_s: read(form.latenessS, `${at}.lateness_s`),
  }
}
