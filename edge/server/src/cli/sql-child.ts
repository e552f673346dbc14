import { Worker } from 'node:worker_threads'
import { describeError } from '@jidoka/base'
import { processContext } from './process-context.ts'
import { askSql, sqlQuestionSchema } from './sql-question.ts'

/**
 * The process of one question: SQLite cannot be interrupted from within, so `jidoka sql` ends this one. It takes no signal
 * itself, which would only be heard after the answer.
 */
new Worker(new URL('./sql-child-watch.ts', import.meta.url), { workerData: Number(process.argv[3]) }).unref()
try {
  const question = sqlQuestionSchema.parse(JSON.parse(process.argv[2] ?? ''))
  process.exitCode = await askSql(question, processContext(new AbortController().signal))
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = 1
}
