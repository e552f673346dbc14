import { join } from 'node:path'
import { edgeNodeArguments, edgeNodeEnvironment } from '../../edge/server/node-arguments.mjs'
import type { SignIn } from './sign-in.ts'
import type { ProgramPlan } from './supervised-program.ts'

/** Ports on loopback that people know; a taken one is replaced and said. */
export const wantedPorts = { edge: 8080, mqtt: 1883, cloud: 3000, simulator: 8090, mes: 5433, line: 3100 } as const
export type PortName = keyof typeof wantedPorts
export type Ports = Readonly<Record<PortName, number>>

/** The demonstration plant's names; a real deployment gives its own. */
export const plant = { tenantId: 'demo', siteCode: 'CHANGWON', edgeName: 'changwon-1', timeZone: 'Asia/Seoul' }

export interface Places {
  readonly root: string
  readonly data: string
}

/** Environment that every program gets: enough to run, and nothing that a shell happens to hold. */
const inherited = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_ALL',
  'TZ',
  'SystemRoot',
  'NODE_EXTRA_CA_CERTS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_TRACES_SAMPLER_ARG',
]

function environment(own: Readonly<Record<string, string>>): Record<string, string> {
  const base = Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
  return { ...base, JIDOKA_SUPERVISED: '1', ...own }
}

export function cloudPlan(places: Places, ports: Ports, signIn: SignIn): ProgramPlan {
  return {
    name: 'cloud',
    argv: ['cloud/server/src/main.ts'],
    cwd: places.root,
    logFile: join(places.data, 'logs', 'cloud.log'),
    environment: environment({
      // Compiling its sources is half of a start.
      NODE_COMPILE_CACHE: join(places.root, '.jidoka', 'compile-cache'),
      JIDOKA_CLOUD_HTTP_PORT: String(ports.cloud),
      JIDOKA_CLOUD_DATA: join(places.data, 'cloud'),
      JIDOKA_CLOUD_TENANT: plant.tenantId,
      JIDOKA_CLOUD_ADMIN_PASSWORD: signIn.password,
      JIDOKA_CLOUD_CONSOLE: join(places.root, 'cloud', 'console', 'dist'),
      ...(process.env['DATABASE_URL'] ? { DATABASE_URL: process.env['DATABASE_URL'] } : {}),
    }),
  }
}

export function simulatorPlan(places: Places, ports: Ports): ProgramPlan {
  return {
    name: 'simulator',
    argv: ['edge/simulator/src/main.ts'],
    cwd: places.root,
    logFile: join(places.data, 'logs', 'simulator.log'),
    environment: environment({
      JIDOKA_SIMULATOR_MQTT_URL: `mqtt://127.0.0.1:${ports.mqtt}`,
      JIDOKA_SIMULATOR_HTTP_PORT: String(ports.simulator),
      JIDOKA_SIMULATOR_MES_PORT: String(ports.mes),
      JIDOKA_SIMULATOR_LINE_PORT: String(ports.line),
      JIDOKA_SIMULATOR_LINE_TARGET: `127.0.0.1:${ports.cloud}`,
      JIDOKA_SIMULATOR_DATA_FOLDER: join(places.data, 'simulator'),
      JIDOKA_SIMULATOR_DEVICES_FILE: devicesFiles(places).simulator,
      JIDOKA_SIMULATOR_TENANT_ID: plant.tenantId,
    }),
  }
}

export function edgePlan(
  places: Places,
  ports: Ports,
  signIn: SignIn,
  mesUrl: string,
  enrolmentToken: string | null,
): ProgramPlan {
  return {
    name: 'edge',
    argv: [...edgeNodeArguments, 'edge/server/src/main.ts'],
    cwd: places.root,
    logFile: join(places.data, 'logs', 'edge.log'),
    environment: environment({
      ...edgeNodeEnvironment(join(places.root, '.jidoka', 'compile-cache')),
      JIDOKA_DATA: join(places.data, 'edge'),
      JIDOKA_TENANT: plant.tenantId,
      JIDOKA_EDGE_NAME: plant.edgeName,
      JIDOKA_TIME_ZONE: plant.timeZone,
      JIDOKA_HTTP_PORT: String(ports.edge),
      JIDOKA_MQTT_PORT: String(ports.mqtt),
      JIDOKA_DEVICES: devicesFiles(places).edge,
      // The plant's line to the cloud runs through the simulator, which can cut it.
      JIDOKA_CLOUD_URL: `http://127.0.0.1:${ports.line}`,
      JIDOKA_ADMIN_PASSWORD: signIn.password,
      JIDOKA_MES_URL: mesUrl,
      JIDOKA_WEB: join(places.root, 'edge', 'web', 'dist'),
      ...(enrolmentToken === null ? {} : { JIDOKA_ENROLMENT_TOKEN: enrolmentToken }),
    }),
  }
}

/** The same devices twice: hashes for the broker, secrets for the devices. */
export function devicesFiles(places: Places): { readonly edge: string; readonly simulator: string } {
  return { edge: join(places.data, 'devices.json'), simulator: join(places.data, 'simulator', 'device-secrets.json') }
}
