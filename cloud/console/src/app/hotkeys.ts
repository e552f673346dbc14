import { useEffect, useRef } from 'react'

/** True where a letter belongs to what is being typed. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(radio|checkbox)$/.test((target as HTMLInputElement).type))
  )
}

/**
 * Which letter a key stands for. With a Korean keyboard layout switched on `key` is `ㅓ` where `j` is printed on the key: the
 * place of the key decides then.
 */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'code' | 'isComposing'>): string {
  if (event.key.length === 1 && !/^[\x20-\x7e]$/.test(event.key) && event.code.startsWith('Key')) {
    return event.code.slice(3).toLowerCase()
  }
  return event.key.length === 1 ? event.key.toLowerCase() : event.key
}

export type Hotkeys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Keys of a page by name; not while somebody types, holds Ctrl, Alt or Meta, or has a dialog open. */
export function useHotkeys(keys: Hotkeys): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('dialog[open]') !== null) return
      const name = keyName(event)
      if (Object.hasOwn(latest.current, name)) latest.current[name]?.(event)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
