/**
 * What the product promises of its speed: one table, the same figures as in its requirements. A row is measured against
 * a peer in the same run (`ratio` = subject / peer) or, where there is no peer, against a limit (`ratio` = value / limit).
 */
export interface Aim {
  /** The ratio that is promised. */
  readonly aim: number
  readonly better: 'higher' | 'lower'
  /** Where the yardstick is a limit: its value, in the row's unit. */
  readonly limit?: number
}

export const aims = {
  edge: {
    'durable QoS 1 acknowledgements/s, 1 connection': { aim: 0.6, better: 'higher' },
    'durable QoS 1 acknowledgements/s, 4 connections': { aim: 0.6, better: 'higher' },
    'durable QoS 1 acknowledgements/s, 50 connections': { aim: 0.6, better: 'higher' },
  },
  rules: {
    'any rule, batches of 500, against json-rules-engine': { aim: 25, better: 'higher' },
    'fast path, batches of 500, against json-rules-engine': { aim: 150, better: 'higher' },
  },
  board: { 'reading to board at 1,000 readings/s, p99 ms': { aim: 1, better: 'lower', limit: 200 } },
  start: { 'second npm start until ready, s': { aim: 1, better: 'lower', limit: 5 } },
  pages: {
    'board, JavaScript and CSS, kB gzip': { aim: 1, better: 'lower', limit: 200 },
    'console, JavaScript and CSS, kB gzip': { aim: 1, better: 'lower', limit: 200 },
  },
} as const satisfies Record<string, Record<string, Aim>>

export type BenchName = keyof typeof aims
