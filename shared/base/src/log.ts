import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { maskDeep } from './pii/mask-deep.ts'
import { activeSpan } from './tracing.ts'

export type Log = Logger

/**
 * JSON lines with the names that log pipelines here expect: timestamp, level, service, and what the caller adds
 * (userId, action, duration in ms, success, the subject's id) and what is under way (traceId, spanId). Secrets and personal data are taken out of each
 * line as it is written, wherever in it they stand: in a message, a stack, or what a child logger was bound to (I8).
 */
export function createLog(service: string, options: { level?: string; destination?: DestinationStream } = {}): Log {
  const settings = {
    level: options.level ?? 'info',
    base: { service },
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: traceIds,
    hooks: { streamWrite: scrubLine },
  }
  return options.destination ? pino(settings, options.destination) : pino(settings)
}

/** Of what is under way where the line is written; a line that names others keeps them. */
function traceIds(): object {
  const span = activeSpan()
  // A new one each time: pino puts what the line says into it.
  return span === null ? {} : { traceId: span.traceId, spanId: span.spanId }
}

/** A line longer than that is not looked through, so nothing of it may be written but that it was there. */
const lineLettersMax = 256 * 1_024

/**
 * Signs of a secret or of something personal: an @, letters that are not of English, the beginnings of telephones and resident numbers, and the
 * words that secrets are called by. Most lines have none and are written as they are, which takes a tenth of the time.
 */
const suspiciousLetters =
  /[@\u0080-\uffff]|\\u|pass|pwd|secret|token|auth|cookie|key|signature|credential|jwt|bearer|basic|eyJ|hv[sbr]\./i
const suspiciousDigits = /(?<![0-9A-Za-z])(?:\(?(?:0\d|\+|82)|00[ ]?82)[-. )(/0-9]{7}|\d{6}[-. ]{0,5}[1-8]\d{6}/
const timestampLetters = '"timestamp":"2026-11-21T00:00:00.000Z"'.length

function isSuspicious(line: string): boolean {
  if (suspiciousLetters.test(line)) return true
  // The instant of the line is digits too, and is ours.
  const at = line.indexOf('"timestamp":"')
  return at === -1
    ? suspiciousDigits.test(line)
    : suspiciousDigits.test(line.slice(0, at)) || suspiciousDigits.test(line.slice(at + timestampLetters))
}

/** Bounded, as maskDeep is. A line that cannot be read is not written: it would pass by everything here. */
function scrubLine(line: string): string {
  if (line.length > lineLettersMax) return unreadable('longer than a line may be', line.length)
  if (!isSuspicious(line)) return line
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return unreadable('no JSON', line.length)
  }
  return `${JSON.stringify(withTraceIds(maskDeep(entry, { secretsToo: true }).value, entry))}\n`
}

const idPatterns = { traceId: /^[\da-f]{32}$/, spanId: /^[\da-f]{16}$/ }

/** One id of a trace in 10,000 begins as a telephone does. As long as they are and of hex digits alone, they are nothing else. */
function withTraceIds(masked: unknown, entry: unknown): unknown {
  if (typeof masked !== 'object' || masked === null || typeof entry !== 'object' || entry === null) return masked
  const ids = Object.entries(idPatterns).flatMap(([name, pattern]) => {
    const id: unknown = Object.hasOwn(entry, name) ? entry[name as keyof typeof entry] : undefined
    return typeof id === 'string' && pattern.test(id) ? [[name, id]] : []
  })
  return { ...masked, ...Object.fromEntries(ids) }
}

const unreadable = (why: string, length: number): string =>
  `${JSON.stringify({ level: 'warn', timestamp: new Date().toISOString(), action: 'log.drop', success: false, length, message: `a line was dropped: it was ${why}` })}\n`
