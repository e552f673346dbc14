import { RuleProblemText } from '@jidoka/ui'
import { useId, useRef } from 'react'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import type { ScriptProblem } from '../try/protocol.ts'
import { offsetOf } from './script-place.ts'
import { useProblemAt } from './problems.tsx'

/** The script with numbered lines; lines with a mistake are marked, and each mistake leads to its place. */
export function ScriptField({
  script,
  errors,
  warnings,
  onChange,
}: {
  script: string
  errors: readonly ScriptProblem[]
  warnings: readonly ScriptProblem[]
  onChange: (script: string) => void
}) {
  const t = useText()
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const gutter = useRef<HTMLDivElement>(null)
  const formProblem = useProblemAt()('script')
  const lines = script.split('\n')
  const wrong = new Set(errors.map(({ line }) => line))
  const doubtful = new Set(warnings.map(({ line }) => line))

  const goTo = ({ line, column }: ScriptProblem) => {
    const element = area.current
    if (element === null || line === 0) return
    const at = offsetOf(script, line, column)
    element.focus()
    element.setSelectionRange(at, Math.min(script.length, at + 1))
  }

  return (
    <Part title={t('rules.script')}>
      <div className="code-field">
        <div className="code-gutter" ref={gutter} aria-hidden>
          {lines.map((_, index) => (
            <div
              // The line's number is what it is.
              key={`line ${index + 1}`}
              className={wrong.has(index + 1) ? 'code-line-wrong' : doubtful.has(index + 1) ? 'code-line-doubtful' : ''}
            >
              {wrong.has(index + 1) ? '✕ ' : doubtful.has(index + 1) ? '! ' : ''}
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          className="code-area"
          aria-label={t('rules.script')}
          aria-invalid={errors.length > 0 || undefined}
          aria-describedby={`${id}-problems`}
          wrap="off"
          spellCheck={false}
          autoCapitalize="none"
          rows={Math.min(28, Math.max(8, lines.length + 1))}
          value={script}
          onChange={(event) => onChange(event.target.value)}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop
          }}
        />
      </div>
      <ul className="code-problems" id={`${id}-problems`} aria-live="polite">
        {formProblem === null ? null : <li className="problem">{formProblem}</li>}
        {errors.map((error) => (
          <li key={`${error.line} ${error.column} ${error.message}`} className="problem">
            <ProblemPlace problem={error} onGo={goTo} /> <RuleProblemText text={error.message} isOfPlace />
          </li>
        ))}
        {warnings.map((warning) => (
          <li key={`${warning.line} ${warning.column} ${warning.message}`}>
            <ProblemPlace problem={warning} onGo={goTo} /> <RuleProblemText text={warning.message} isOfPlace />
          </li>
        ))}
      </ul>
    </Part>
  )
}

function ProblemPlace({ problem, onGo }: { problem: ScriptProblem; onGo: (problem: ScriptProblem) => void }) {
  const t = useText()
  if (problem.line === 0) return null
  return (
    <button type="button" className="text-button" onClick={() => onGo(problem)}>
      {t('rules.place', { line: problem.line, column: problem.column })}
    </button>
  )
}
