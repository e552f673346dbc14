import type { Detected } from './finding.ts'

/** RFC 5321: what stands before the @ has at most 64 characters, a name of a host 253. */
const localMax = 64
const domainMax = 253
const asciiLocal = /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/
const hangulLocal = /[\uac00-\ud7a3]{1,20}$/
/** Labels of letters, digits, dashes and Hangul. What follows the last dot is looked at by itself: a particle may hang on it. */
const domain = /^(?:[A-Za-z0-9\uac00-\ud7a3](?:[A-Za-z0-9\uac00-\ud7a3-]{0,61}[A-Za-z0-9\uac00-\ud7a3])?\.){1,8}/
const latinEnd = /^(?:xn--[A-Za-z0-9-]{1,59}|[A-Za-z]{2,24})(?![A-Za-z0-9_-])/
/** All that there are in Hangul. */
const hangulEnd = /^(?:한국|삼성|닷컴|닷넷)/

export function findEmails(text: string): Detected[] {
  const found: Detected[] = []
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const before = text.slice(Math.max(0, at - localMax), at)
    const local = asciiLocal.exec(before)?.[0].replace(/^[^A-Za-z0-9_]+/, '') ?? hangulLocal.exec(before)?.[0] ?? ''
    const after = text.slice(at + 1, at + 1 + domainMax)
    const length = domainLength(after)
    // A mask of ours has a star before the @.
    if (local === '' || local.endsWith('*') || length === 0) continue
    const from = at - local.length
    found.push({
      kind: 'email',
      from,
      to: at + 1 + length,
      hidden: [{ from: Math.min(from + 1, at), to: at, by: '***' }],
    })
  }
  return found
}

/** 0 for what is no name of a host with a dot in it. */
function domainLength(after: string): number {
  let labels = domain.exec(after)?.[0] ?? ''
  // "a@x.kr." at the end of a sentence: the last label is shorter than the greedy match.
  while (labels !== '') {
    const rest = after.slice(labels.length)
    const end = latinEnd.exec(rest)?.[0] ?? hangulEnd.exec(rest)?.[0]
    if (end !== undefined) return labels.length + end.length
    labels = labels.slice(0, labels.slice(0, -1).lastIndexOf('.') + 1)
  }
  return 0
}
