import type { AlarmPriority } from '@jidoka/domain'
import { useUiMessages } from '../context/ui-context.tsx'
import type { Condition } from './condition.ts'

type Marked = AlarmPriority | 'abnormal' | 'unjudged'

/** On a ground of 24 x 24. Square, triangle, diamond, circle: told apart without colour, and from the corner of an eye. */
const shapes: Record<Marked, { path: string; letter: string; letterY: number; letterSize: number }> = {
  critical: { path: 'M2 2h20v20H2z', letter: 'C', letterY: 17.3, letterSize: 15 },
  high: { path: 'M12 1.5 23 22H1z', letter: 'H', letterY: 19.6, letterSize: 11.5 },
  medium: { path: 'M12 .9 23.1 12 12 23.1.9 12z', letter: 'M', letterY: 16, letterSize: 11 },
  low: { path: 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21z', letter: 'L', letterY: 17, letterSize: 13.5 },
  abnormal: { path: 'M2 2h20v12L12 22.5 2 14z', letter: '!', letterY: 17, letterSize: 14 },
  unjudged: { path: 'M7 2h10l5 5v10l-5 5H7l-5-5V7z', letter: '?', letterY: 17.2, letterSize: 15 },
}

function Mark({ of, label }: { of: Marked; label: string | null }) {
  const shape = shapes[of]
  return (
    <svg
      className={`mark mark-${of}`}
      viewBox="0 0 24 24"
      {...(label === null ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      <path className="mark-shape" d={shape.path} />
      <text className="mark-letter" x="12" y={shape.letterY} fontSize={shape.letterSize}>
        {shape.letter}
      </text>
    </svg>
  )
}

/** A priority as colour, shape and letter. `label` off where its word stands beside it. */
export function PriorityMark({ priority, label = true }: { priority: AlarmPriority; label?: boolean }) {
  const t = useUiMessages()
  return <Mark of={priority} label={label ? t(`priority.${priority}`) : null} />
}

/** The mark of a condition; nothing for a normal or silent place: what is well draws no attention. The words stand beside it. */
export function ConditionMark({ condition }: { condition: Condition }) {
  if (condition === 'normal' || condition === 'silent') return null
  return <Mark of={condition} label={null} />
}
