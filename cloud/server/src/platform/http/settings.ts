import { booleanSetting, numberSetting, portSetting } from '@jidoka/base'
import { z } from 'zod'

/** What is wrong with an origin as a browser says it, as a sentence; null when nothing is. */
function originMistake(text: string): string | null {
  if (text.includes('*'))
    return '"*" is no origin. Name each by itself, such as https://mes.example.kr: every page in the world is too many'
  if (!URL.canParse(text) || !/^https?:/.test(text))
    return `"${text}" is no origin. Write it as https://host or https://host:port`
  const { origin } = new URL(text)
  if (origin !== text) return `"${text}" is not as a browser says it: "${origin}"`
  return null
}

/** A list that may also come as text with commas, as it does from the environment. */
const originsSetting = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((origin) => origin.trim())
          .filter((origin) => origin !== '')
      : value,
  z
    .array(
      z
        .string()
        .max(300)
        .superRefine((text, context) => {
          const message = originMistake(text)
          if (message !== null) context.addIssue({ code: 'custom', message })
        }),
    )
    .max(50),
)

export const httpSettingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** Absent: that of the first of its modules; 3000 with the gateway or all of them. */
  port: portSetting.optional(),
  /** People reach this program by https (a proxy in front ends TLS): cookies are for https alone, browsers are told to insist. */
  https: booleanSetting.default(false),
  /** A proxy of ours writes X-Forwarded-For; without one in front, anybody could. */
  trust_forwarded_for: booleanSetting.default(false),
  /** Whose pages may use the API from a browser, besides the console. */
  cors_origins: originsSetting.default([]),
  /**
   * How long a program that shall stop still takes requests while `/ready` says 503, in seconds: until whoever distributes requests has asked and looks elsewhere.
   * A fifth of a second is enough for those who are on their way, on one machine; 10 behind a balancer that asks every 5 s.
   */
  leave_s: numberSetting(z.number().min(0).max(300)).default(0.2),
})

export const httpSettingNames = {
  JIDOKA_CLOUD_HTTP_HOST: 'http.host',
  JIDOKA_CLOUD_HTTP_PORT: 'http.port',
  JIDOKA_CLOUD_HTTPS: 'http.https',
  JIDOKA_CLOUD_TRUST_FORWARDED_FOR: 'http.trust_forwarded_for',
  JIDOKA_CLOUD_CORS_ORIGINS: 'http.cors_origins',
  JIDOKA_CLOUD_LEAVE_S: 'http.leave_s',
} as const
