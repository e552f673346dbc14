import { ofAlone, ofMany, ofOne } from './benches/cloud-size.ts'

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
    'durable QoS 1 acknowledgements/s, 1 connection, against Mosquitto without persistence': {
      aim: 1,
      better: 'higher',
    },
    'durable QoS 1 acknowledgements/s, 4 connections, against Mosquitto without persistence': {
      aim: 1,
      better: 'higher',
    },
    'durable QoS 1 acknowledgements/s, 50 connections, against Mosquitto without persistence': {
      aim: 1,
      better: 'higher',
    },
    'the same at window 1, p99 ms, against a bare one-row FULL commit': { aim: 2.5, better: 'lower' },
    'journal append alone, 500 readings a commit, against rows in inserts of 1,000': { aim: 8, better: 'higher' },
    'readings stored through MQTT, 1 a message, against rows in inserts of 1,000': { aim: 0.25, better: 'higher' },
    'readings stored through MQTT, 20 a message, against rows in inserts of 1,000': { aim: 2, better: 'higher' },
    'judged end to end, every verdict out by MQTT, against Mosquitto + Node-RED': { aim: 5, better: 'higher' },
    'resident memory after 10 million readings and 1,000 rules, MB': { aim: 1, better: 'lower', limit: 200 },
    'resident memory after 10 million readings against after 5 million': { aim: 1.1, better: 'lower' },
    'bytes a reading at rest, 2,000 tags at 1/s': { aim: 1, better: 'lower', limit: 3 },
    'a day of a 1/s tag as 1,000 points out of 20 million readings, ms': { aim: 1, better: 'lower', limit: 50 },
    'latency reading to board (SSE) at 1,000 readings/s, p99 ms': { aim: 1, better: 'lower', limit: 100 },
  },
  rules: {
    'any rule, batches of 500, against json-rules-engine': { aim: 32, better: 'higher' },
    'any rule, batches of 500, against JSON.parse + a closure': { aim: 0.6, better: 'higher' },
    'fast path, batches of 500, against json-rules-engine': { aim: 250, better: 'higher' },
    'fast path, batches of 500, against JSON.parse + a closure': { aim: 4, better: 'higher' },
    'with explanation templates, against json-rules-engine': { aim: 250, better: 'higher' },
    'with explanation templates, against JSON.parse + a closure': { aim: 4, better: 'higher' },
    'with windows, `let`, `switch` and templates, against JSON.parse + a closure': { aim: 4, better: 'higher' },
    '1,000 rules in one call against one rule, any': { aim: 0.7, better: 'higher' },
    '1,000 rules in one call against one rule, fast path': { aim: 0.9, better: 'higher' },
  },
  sync: {
    'drain of a backlog into PostgreSQL, against an unnest insert into indexed rows': { aim: 5, better: 'higher' },
    'bytes a reading in PostgreSQL, live batches of a second, merged': { aim: 1, better: 'lower', limit: 15 },
    "one tag's day through core.sensor_events, against the same from indexed rows": { aim: 1, better: 'higher' },
    'bytes a reading on the line, against JSON with topic': { aim: 0.03, better: 'lower' },
    'bytes a reading on the line, against the same JSON gzipped': { aim: 0.3, better: 'lower' },
    'memory of the edge while it drains, over idle, MB': { aim: 1, better: 'lower', limit: 64 },
    '500 edges reconnecting at once, urgent p99, ms': { aim: 1, better: 'lower', limit: 5_000 },
    '500 edges reconnecting at once, memory of the cloud, MB': { aim: 1, better: 'lower', limit: 512 },
    'desired-state change to applied on an online edge, p99 ms': { aim: 1, better: 'lower', limit: 1_000 },
  },
  cloud: {
    'judgment/recent, requests/s, against a bare Hono + pg': { aim: 0.6, better: 'higher' },
    'judgment/execute, requests/s, against a bare Hono + pg': { aim: 0.6, better: 'higher' },
    'judgment/recent at 200 connections, p99 ms, against its median': { aim: 4, better: 'lower' },
    'judgment/execute at 200 connections, p99 ms, against its median': { aim: 4, better: 'lower' },
    'start to ready on PGlite that is opened again, s': { aim: 1, better: 'lower', limit: 2 },
    'start to ready on PostgreSQL, s': { aim: 1, better: 'lower', limit: 1 },
    [`recent page, ${ofOne}, ms`]: { aim: 1, better: 'lower', limit: 5 },
    [`filtered page, the slowest of seven filters, ${ofOne}, ms`]: { aim: 1, better: 'lower', limit: 50 },
    [`filtered page of the month a year ago, the slowest of five filters, ${ofOne}, ms`]: {
      aim: 1,
      better: 'lower',
      limit: 50,
    },
    'partitions of judgments read for a page that begins in one month and ends in the next': {
      aim: 1,
      better: 'lower',
      limit: 2,
    },
    'sequential scans for pages of any month': { aim: 0, better: 'lower', limit: 1 },
    [`recent page, ${ofMany}, against 1 tenant`]: { aim: 1.2, better: 'lower' },
    [`filtered page, the slowest of five that are full, ${ofMany}, against 1 tenant`]: { aim: 1.2, better: 'lower' },
    // Its page is looked for in more months than that of one tenant with all of the judgments; one that is alone with as few has to look in as many.
    [`filtered page by what is rare, the slower of two, ${ofMany}, against 1 tenant`]: { aim: 1.2, better: 'lower' },
    [`filtered page by what is rare, the slower of two, ${ofMany}, against ${ofAlone}`]: { aim: 1.2, better: 'lower' },
    [`filtered page, the slowest of seven filters, ${ofMany}, ms`]: { aim: 1, better: 'lower', limit: 50 },
    [`filtered page of the month a year ago, the slowest of five filters, ${ofMany}, ms`]: {
      aim: 1,
      better: 'lower',
      limit: 50,
    },
  },
  board: { 'latency reading to board (SSE) at 1,000 readings/s, p99 ms': { aim: 1, better: 'lower', limit: 100 } },
  start: { 'second npm start until ready, s': { aim: 1, better: 'lower', limit: 5 } },
  pages: {
    'board, JavaScript and CSS, kB gzip': { aim: 1, better: 'lower', limit: 200 },
    'console, JavaScript and CSS, kB gzip': { aim: 1, better: 'lower', limit: 200 },
  },
} as const satisfies Record<string, Record<string, Aim>>

export type BenchName = keyof typeof aims
