import type { CloudRule } from '@jidoka/contract'
import { ProblemError } from '@jidoka/ui'
import { useCallback, useState } from 'react'
import { useConsole } from '../app/console-context.tsx'
import type { NewDefinition } from './definition.ts'

export interface Saving {
  readonly phase: 'idle' | 'saving'
  readonly error: unknown
  /** The version that somebody else saved meanwhile. */
  readonly conflict: CloudRule | null
  readonly save: () => void
  /** As a version on top of theirs. */
  readonly saveOverConflict: () => void
  readonly leaveConflict: () => void
}

/** Saves the rule on top of the version that it was made from; a newer one is fetched and shown, never written over unseen. */
export function useSave({
  base,
  definition,
  onSaved,
}: {
  base: CloudRule | null
  definition: NewDefinition | null
  onSaved: (saved: CloudRule) => void
}): Saving {
  const { api } = useConsole()
  const [phase, setPhase] = useState<Saving['phase']>('idle')
  const [error, setError] = useState<unknown>(null)
  const [conflict, setConflict] = useState<CloudRule | null>(null)

  const saveOn = async (version: number) => {
    if (definition === null || phase === 'saving') return
    setPhase('saving')
    setError(null)
    try {
      await api.saveRule(definition, version)
      const saved = await api.rule(definition.id)
      setConflict(null)
      setPhase('idle')
      onSaved(saved)
    } catch (failure) {
      setPhase('idle')
      // A new rule whose id is taken has no common version to compare with: the sentence of the error says it.
      if (base === null || !(failure instanceof ProblemError && failure.is('conflict'))) return setError(failure)
      try {
        setConflict(await api.rule(definition.id))
      } catch (second) {
        setError(second)
      }
    }
  }

  return {
    phase,
    error,
    conflict,
    save: () => void saveOn(base?.definition.version ?? 0),
    saveOverConflict: () => void (conflict === null ? undefined : saveOn(conflict.definition.version)),
    leaveConflict: useCallback(() => setConflict(null), []),
  }
}
