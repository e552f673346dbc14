import { threadId } from 'node:worker_threads'
import { OperationalError } from '@jidoka/base'
import { serveCalls, Transferred } from '../serve-calls.ts'

/** A worker for the test of the two ends. */
serveCalls({
  echo: (text: string) => text,
  thread: (_nothing: null) => threadId,
  bytes: (count: number) => {
    const bytes = new Uint8Array(count)
    return new Transferred(bytes, [bytes.buffer])
  },
  refuse: (why: string) => {
    throw new OperationalError(why)
  },
  breakDown: () => {
    throw new TypeError('a bug')
  },
})
