import type { SimulatorControl } from '../simulator.ts'

/** Prometheus text of the simulator: few figures, so no library. */
export function metricsText(control: SimulatorControl): string {
  const state = control.state()
  const figures = control.figures()
  const rows = [
    ['jidoka_simulator_readings_published_total', 'counter', 'Readings handed to MQTT', state.readings_published_total],
    [
      'jidoka_simulator_readings_acknowledged_total',
      'counter',
      'Readings that the broker acknowledged',
      state.readings_acknowledged_total,
    ],
    [
      'jidoka_simulator_readings_dropped_total',
      'counter',
      'Readings given up while the broker was away',
      figures.readingsDropped,
    ],
    ['jidoka_simulator_devices_online', 'gauge', 'Devices that are signed in', figures.devicesOnline],
    ['jidoka_simulator_faults', 'gauge', 'Faults that run', state.faults.length],
    ['jidoka_simulator_mes_up', 'gauge', '1 while the MES answers', state.mes === 'up' ? 1 : 0],
    [
      'jidoka_simulator_line_up',
      'gauge',
      '1 while the line to the cloud is whole',
      state.line_to_cloud === 'up' ? 1 : 0,
    ],
  ] as const
  return rows
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('')
}
