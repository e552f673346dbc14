import { booleanSetting, numberSetting, portSetting, tracingSettingNames, tracingSettingsSchema } from '@jidoka/base'
import { codeSchema, passwordSchema, tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { keepingConfigSchema } from './keeping/config.ts'

/** A MES that is polled over the PostgreSQL protocol; see connectors/mes. */
export const mesConnectorSchema = z.strictObject({
  /** Name of the connector; becomes the `source` of its events. Changing it reads everything again under the new name. */
  name: codeSchema.default('MES'),
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\/.+/, 'it must be a PostgreSQL address like postgres://user:password@host:5432/database'),
  poll_interval_s: numberSetting(z.number().min(0.2).max(3_600)).default(2),
  /**
   * How far behind the newest row each poll reads again. It must be longer than the longest transaction of the MES: a row
   * that is committed later than that after its `updated_at` would not be seen.
   */
  overlap_min: numberSetting(z.number().min(0).max(1_440)).default(10),
  /** How far back the very first poll begins: a MES may hold years. */
  history_h: numberSetting(z.number().min(0).max(87_600)).default(24),
})
export type MesConnectorConfig = z.infer<typeof mesConnectorSchema>

/** A list may come from the file as a list, or from the environment as `{ "0": {...} }`. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.values(value) : value),
    z.array(item).max(16),
  )

const httpUrl = z.string().regex(/^https?:\/\/[^\s/]+/, 'it must begin with http:// or https:// and name a host')

export const edgeConfigSchema = z.strictObject({
  /** Everything that the appliance keeps. One process at a time. */
  data_folder: z.string().min(1).default('data/edge'),
  tenant_id: tenantIdSchema.default('demo'),
  /** Name of this appliance, as the cloud shows it. */
  edge_name: z.string().min(1).max(100).default('edge'),
  /** Name and time zone of the site until the desired state brings them. */
  site: z.string().min(1).max(100).default('Site'),
  time_zone: z
    .string()
    .refine(isTimeZone, 'it must be a time zone of the IANA list, like Asia/Seoul')
    .default('Asia/Seoul'),
  http: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: portSetting.default(8080) }).prefault({}),
  mqtt: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: portSetting.default(1883),
      /** MQTT over TLS on a port of its own, from PEM files; a renewed certificate is taken within a minute. */
      tls: z
        .strictObject({
          port: portSetting.default(8883),
          /** Absent: `mqtt.host`. Named, plain MQTT may stay on this machine while devices come by TLS. */
          host: z.string().min(1).optional(),
          cert: z.string().min(1),
          key: z.string().min(1),
          /** Who signs the certificates of devices; without it they have passwords alone. */
          ca: z.string().min(1).optional(),
        })
        .optional(),
      /** MQTT over WebSocket at `/mqtt`, over TLS where `tls` is set. */
      ws: z.strictObject({ port: portSetting.default(8083) }).optional(),
    })
    .prefault({}),
  /** JSON list of the devices that may connect to the broker. Without it no device can. */
  devices_file: z.string().min(1).optional(),
  cloud: z
    .strictObject({
      /** Absent: the appliance works alone. */
      url: httpUrl.optional(),
      /** Used once, at the first contact. */
      enrolment_token: z.string().min(1).max(500).optional(),
    })
    .prefault({}),
  /** Password of the user `admin` at the first start of a data folder. Absent: one is made and printed once. */
  admin_password: passwordSchema.optional(),
  mes: listOf(mesConnectorSchema).default([]),
  /** How long and how much is kept. */
  keeping: keepingConfigSchema.prefault({}),
  /** Built files of the on-site user interface. */
  web_folder: z.string().min(1).optional(),
  /** JSON list of desired items that a new data folder begins with. */
  starter_file: z.string().min(1).optional(),
  /** Set it where TLS ends in front of the appliance: cookies are then marked Secure and browsers told to stay on https. */
  behind_tls: booleanSetting.default(false),
  /** Where traces of commits and batches go; absent: nowhere. */
  tracing: tracingSettingsSchema.prefault({}),
  log_level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})
export type EdgeConfig = z.infer<typeof edgeConfigSchema>

export const edgeConfigNames = {
  JIDOKA_DATA: 'data_folder',
  JIDOKA_TENANT: 'tenant_id',
  JIDOKA_EDGE_NAME: 'edge_name',
  JIDOKA_SITE: 'site',
  JIDOKA_TIME_ZONE: 'time_zone',
  JIDOKA_HTTP_HOST: 'http.host',
  JIDOKA_HTTP_PORT: 'http.port',
  JIDOKA_MQTT_HOST: 'mqtt.host',
  JIDOKA_MQTT_PORT: 'mqtt.port',
  JIDOKA_MQTT_TLS_PORT: 'mqtt.tls.port',
  JIDOKA_MQTT_TLS_HOST: 'mqtt.tls.host',
  JIDOKA_MQTT_TLS_CERT: 'mqtt.tls.cert',
  JIDOKA_MQTT_TLS_KEY: 'mqtt.tls.key',
  JIDOKA_MQTT_TLS_CA: 'mqtt.tls.ca',
  JIDOKA_MQTT_WS_PORT: 'mqtt.ws.port',
  JIDOKA_DEVICES: 'devices_file',
  JIDOKA_CLOUD_URL: 'cloud.url',
  JIDOKA_ENROLMENT_TOKEN: 'cloud.enrolment_token',
  JIDOKA_ADMIN_PASSWORD: 'admin_password',
  JIDOKA_MES_NAME: 'mes.0.name',
  JIDOKA_MES_URL: 'mes.0.url',
  JIDOKA_MES_POLL_INTERVAL_S: 'mes.0.poll_interval_s',
  JIDOKA_MES_OVERLAP_MIN: 'mes.0.overlap_min',
  JIDOKA_MES_HISTORY_H: 'mes.0.history_h',
  JIDOKA_WEB: 'web_folder',
  JIDOKA_STARTER: 'starter_file',
  JIDOKA_KEEP_READINGS_DAYS: 'keeping.readings_days',
  JIDOKA_KEEP_HIGH_WATER_PERCENT: 'keeping.disk_high_water_percent',
  JIDOKA_KEEP_BYTES_MAX: 'keeping.bytes_max',
  JIDOKA_KEEP_RESERVE_BYTES: 'keeping.reserve_bytes',
  JIDOKA_BEHIND_TLS: 'behind_tls',
  JIDOKA_LOG_LEVEL: 'log_level',
  ...tracingSettingNames,
} as const

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false // RangeError is how Intl says that it does not know the zone
  }
}
