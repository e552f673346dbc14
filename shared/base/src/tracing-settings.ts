import { z } from 'zod'
import { numberSetting } from './config.ts'

/** `name=value` with commas between, each percent-encoded, as OpenTelemetry writes headers; null for what is none. */
export function readHeaders(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {}
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at === -1 || !/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) return null
    try {
      headers[name] = decodeURIComponent(pair.slice(at + 1).trim())
    } catch {
      return null // URIError is how it says that something is not encoded so
    }
  }
  return headers
}

/** Where traces go, the same for each program of ours. Names are OpenTelemetry's own, so that one environment serves all programs of a place. */
export const tracingSettingsSchema = z.strictObject({
  /** Of a collector that takes OTLP over HTTP, without /v1/traces; absent: nothing is recorded. */
  endpoint: z
    .string()
    .max(2_000)
    .refine(
      (text) => /^https?:\/\//.test(text) && URL.canParse(text),
      'it must begin with http:// or https:// and name a host, such as http://collector:4318',
    )
    .optional(),
  headers: z
    .string()
    .max(10_000)
    .refine((text) => readHeaders(text) !== null, 'write it as name=value, with commas between, each percent-encoded')
    .optional(),
  /**
   * Of the traces that begin here, how many are recorded. A tenth: enough to see what is slow and what fails in every hour, at a hundredth of the time of a
   * request; 1 shows each, for a small place or a hunt.
   */
  ratio: numberSetting(z.number().min(0).max(1)).default(0.1),
  /**
   * So many that begin here, and so many that a sender asks for: one that marks all its requests cannot make us record more. At ten spans a trace and 400 bytes each
   * this is 800 kB a second.
   */
  per_second_max: numberSetting(z.number().int().min(1).max(100_000)).default(100),
})
export type TracingSettings = z.output<typeof tracingSettingsSchema>

export const tracingSettingNames = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'tracing.endpoint',
  OTEL_EXPORTER_OTLP_HEADERS: 'tracing.headers',
  OTEL_TRACES_SAMPLER_ARG: 'tracing.ratio',
  JIDOKA_TRACES_PER_SECOND: 'tracing.per_second_max',
} as const
