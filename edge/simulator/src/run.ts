import { lockFolder, startAll, stopAll, systemClock } from '@jidoka/base'
import type { Log, Service } from '@jidoka/base'
import type { SimulatorConfig } from './config.ts'
import { loadDeviceSecrets } from './devices/credentials.ts'
import { DeviceFleet } from './devices/fleet.ts'
import { FaultBook } from './faults/fault-book.ts'
import { createApp } from './http/app.ts'
import { HttpServer } from './http/server.ts'
import { Mes } from './mes/mes.ts'
import { Relay } from './net/relay.ts'
import { PlantRunner } from './plant-runner.ts'
import { hanbit } from './plant/hanbit.ts'
import { Plant } from './plant/plant.ts'
import { controlOf } from './simulator.ts'

/** Where the parts of a running simulator are reached. */
export interface SimulatorAddresses {
  readonly page: string
  /** What a connector takes as the URL of the MES. */
  readonly mes: string
  /** What an edge takes as the URL of its cloud; null without a line. */
  readonly line: string | null
}

export interface RunningSimulator {
  readonly addresses: SimulatorAddresses
  /** Stops in reverse order of the start: page, plant, devices, line, MES (which writes what waits). */
  stop(): Promise<void>
}

/** Starts the whole plant. Throws an OperationalError with a sentence for what a person can mend. */
export async function startSimulator(config: SimulatorConfig, log: Log): Promise<RunningSimulator> {
  const clock = systemClock
  const secrets = config.devices_file === undefined ? null : loadDeviceSecrets(config.devices_file)
  const unlock = config.data_folder === undefined ? () => {} : lockFolder(config.data_folder)
  try {
    const plant = new Plant(hanbit, { seed: config.seed, startMs: clock.nowMs() })
    const mes = new Mes({
      port: config.mes.port,
      url: config.mes.url ?? null,
      dataFolder: config.data_folder ?? null,
      clock,
      log,
    })
    const line = config.line.target === undefined ? null : lineTo(config.line.target, config.line.port)
    const devices = new DeviceFleet({
      plant,
      mqttUrl: config.mqtt_url,
      secrets,
      tenantId: config.tenant_id ?? null,
      clock,
      log,
    })
    const runner = new PlantRunner({
      plant,
      devices,
      mes,
      clock,
      speed: config.speed,
      readingsPerS: config.readings_per_s ?? null,
    })
    const faults = new FaultBook({ world: { plant, devices, mes, line }, clock, log })
    const http = new HttpServer(
      createApp(controlOf({ plant, runner, devices, mes, line, faults }), log),
      config.http.port,
    )
    const services: Service[] = [mes, ...(line === null ? [] : [line]), devices, runner, http]
    await startAll(services)
    return {
      addresses: { page: http.url, mes: mes.url, line: line === null ? null : `http://127.0.0.1:${line.port}` },
      async stop() {
        faults.removeAll()
        await stopAll(services)
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function lineTo(target: string, port: number): Relay {
  const colon = target.lastIndexOf(':')
  return new Relay(
    'the line to the cloud',
    { host: '127.0.0.1', port },
    { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) },
  )
}
