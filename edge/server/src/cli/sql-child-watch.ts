import { workerData } from 'node:worker_threads'

/** The thread of `sql-child` that ends it when who asked is gone: its main thread may be within SQLite for hours. */
const lookEveryMs = 500

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, lookEveryMs)
