import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type Log = Logger

/** Names of members that never reach a log line, at any of the first three depths (I8). */
const secretNames = [
  'password',
  'password_hash',
  'token',
  'secret',
  'authorization',
  'cookie',
  'set-cookie',
  'private_key',
  'signature',
]

/**
 * JSON lines with the names that log pipelines here expect: timestamp, level, service, and what the caller adds
 * (traceId, spanId, userId, action, duration in ms, success, the subject's id).
 */
export function createLog(service: string, options: { level?: string; destination?: DestinationStream } = {}): Log {
  const settings = {
    level: options.level ?? 'info',
    base: { service },
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
  }
  return options.destination ? pino(settings, options.destination) : pino(settings)
}
