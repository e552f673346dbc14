import { Button, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useText } from './console-context.tsx'

/** Copies a text; where the browser refuses (a page without https) it says so, and the text stands beside it to be marked by hand. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useText()
  const toasts = useToasts()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      toasts.done(t('copy.refused'))
    }
  }
  return (
    <Button className="button-small" onClick={() => void copy()}>
      <span aria-live="polite">{copied ? t('copy.done') : (label ?? t('copy.copy'))}</span>
    </Button>
  )
}

/** The beginning of a digest, enough to compare by eye, with the whole to copy. */
export function Digest({ value }: { value: string }) {
  if (value === '') return <span className="second">–</span>
  return (
    <span className="digest">
      <code title={value}>{value.slice(0, 12)}</code>
      <CopyButton text={value} />
    </span>
  )
}
