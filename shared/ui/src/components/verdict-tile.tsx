import type { ReactNode } from 'react'
import { Link } from '../routing/router.tsx'
import type { Condition } from './condition.ts'
import { ConditionMark } from './mark.tsx'

/** Widths of Latin letters that fit beside the mark in one line at the large size. */
const largeWidthMax = 8

/** Whether a verdict needs the smaller size. A syllable of Hangul is about as wide as one and a half Latin letters. */
export function isLongVerdict(verdict: string): boolean {
  let width = 0
  for (const letter of verdict) width += /\p{Script=Hangul}/u.test(letter) ? 1.6 : 1
  return width > largeWidthMax
}

export interface VerdictTileProps {
  readonly name: string
  readonly code: string
  readonly href: string
  readonly condition: Condition
  /** The verdict in words, as large as the tile allows. */
  readonly verdict: string
  /** Every alarm behind the condition is acknowledged: outlined and no longer filled. */
  readonly acknowledged: boolean
  /** What is known may be old (the page has lost its connection). */
  readonly frozen: boolean
  /** Since when, how many alarms. */
  readonly foot: ReactNode
}

/** The verdict of a line, legible at 5 m: its size follows the tile, its colour fills it while nobody has acknowledged. */
export function VerdictTile({ name, code, href, condition, verdict, acknowledged, frozen, foot }: VerdictTileProps) {
  const classes = ['tile', `tile-${condition}`, acknowledged ? 'tile-acknowledged' : '', frozen ? 'tile-frozen' : '']
  return (
    <Link className={classes.filter(Boolean).join(' ')} href={href}>
      <span className="tile-inside">
        <span className="tile-head">
          <span className="tile-name">{name}</span>
          <span className="tile-code">{code}</span>
        </span>
        <span className={`tile-verdict${isLongVerdict(verdict) ? ' tile-verdict-long' : ''}`}>
          <ConditionMark condition={condition} />
          <span>{verdict}</span>
        </span>
        <span className="tile-foot">{foot}</span>
      </span>
    </Link>
  )
}
