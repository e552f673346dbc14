import { createContext, useContext } from 'react'
import { useText } from '../../app/console-context.tsx'
import type { FormProblem } from '../definition.ts'

/** What is wrong with the form, by place. */
export const ProblemsContext = createContext<ReadonlyMap<string, FormProblem>>(new Map())

/** The sentence for a place of the form, or null. */
export function useProblemAt(): (at: string) => string | null {
  const problems = useContext(ProblemsContext)
  const t = useText()
  return (at) => {
    const problem = problems.get(at)
    if (problem === undefined) return null
    if (problem.kind === 'least' || problem.kind === 'most')
      return t(`form.${problem.kind}`, { bound: problem.bound ?? 0 })
    return t(`form.${problem.kind}`)
  }
}
