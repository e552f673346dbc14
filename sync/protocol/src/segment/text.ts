import { textValueLengthMax } from '@jidoka/domain'
import { SegmentError } from './error.ts'

/** A character of UTF-16 takes three bytes of UTF-8 at most. */
export const textBytesMax = textValueLengthMax * 3

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws SegmentError */
export function decodeText(bytes: Uint8Array): string {
  let text: string
  try {
    text = textDecoder.decode(bytes)
  } catch {
    throw new SegmentError('shape', 'a text is not UTF-8')
  }
  if (text.length > textValueLengthMax)
    throw new SegmentError('bounds', `a text of ${text.length} characters is too long`)
  return text
}
