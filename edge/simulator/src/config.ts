import { loadConfig, numberSetting, portSetting } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'

const url = (pattern: RegExp, form: string) => z.string().regex(pattern, `it must be of the form ${form}`)

const configSchema = z.strictObject({
  /** The edge's broker, or any other. */
  mqtt_url: url(/^mqtts?:\/\/[^\s/]+/, 'mqtt://127.0.0.1:1883').default('mqtt://127.0.0.1:1883'),
  /** Secrets of the devices, made by the command "devices". Absent: devices sign in without a password. */
  devices_file: z.string().min(1).optional(),
  /** Sent with every reading. Absent: the edge takes its own. */
  tenant_id: tenantIdSchema.optional(),
  /** PGlite's files for the MES. Absent: it lives in memory and begins anew with every start. */
  data_folder: z.string().min(1).optional(),
  seed: numberSetting(z.number().int().min(0).max(0x7fff_ffff)).default(42),
  speed: numberSetting(z.number().min(0.1).max(100)).default(1),
  /** Absent: each sensor at its own rate, about 84 a second together. */
  readings_per_s: numberSetting(z.number().min(1).max(5_000)).optional(),
  http: z.strictObject({ port: portSetting.default(8090) }).prefault({}),
  mes: z
    .strictObject({
      port: portSetting.default(5433),
      url: url(/^postgres(ql)?:\/\/[^\s/]+/, 'postgres://user:password@host:5432/database').optional(),
    })
    .prefault({}),
  line: z
    .strictObject({
      port: portSetting.default(0),
      /** Absent: there is no line, and it cannot be cut. */
      target: url(/^[^\s:/]+:\d{1,5}$/, 'host:port').optional(),
    })
    .prefault({}),
  log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})
export type SimulatorConfig = z.output<typeof configSchema>

/** Environment name to setting. */
const names = {
  JIDOKA_SIMULATOR_MQTT_URL: 'mqtt_url',
  JIDOKA_SIMULATOR_DEVICES_FILE: 'devices_file',
  JIDOKA_SIMULATOR_TENANT_ID: 'tenant_id',
  JIDOKA_SIMULATOR_DATA_FOLDER: 'data_folder',
  JIDOKA_SIMULATOR_SEED: 'seed',
  JIDOKA_SIMULATOR_SPEED: 'speed',
  JIDOKA_SIMULATOR_READINGS_PER_S: 'readings_per_s',
  JIDOKA_SIMULATOR_HTTP_PORT: 'http.port',
  JIDOKA_SIMULATOR_MES_PORT: 'mes.port',
  JIDOKA_SIMULATOR_MES_URL: 'mes.url',
  JIDOKA_SIMULATOR_LINE_PORT: 'line.port',
  JIDOKA_SIMULATOR_LINE_TARGET: 'line.target',
  JIDOKA_SIMULATOR_LOG_LEVEL: 'log_level',
} as const

/** Reads the environment and the file that `JIDOKA_SIMULATOR_CONFIG` names. Throws a ConfigError with a sentence per mistake. */
export function simulatorConfig(environment: Readonly<Record<string, string | undefined>>): SimulatorConfig {
  return loadConfig(configSchema, { environment, names, file: environment['JIDOKA_SIMULATOR_CONFIG'] })
}
