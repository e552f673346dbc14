import { spawn } from 'node:child_process'
import { OperationalError } from '@jidoka/base'
import type { CommandContext, ExitCode } from './command.ts'
import type { SqlQuestion } from './sql-question.ts'

const child = new URL('./sql-child.ts', import.meta.url).pathname

/** Asks in a process of its own, which is ended when the command is stopped or the time is over. @throws OperationalError */
export async function askInProcess(
  question: SqlQuestion,
  timeoutMs: number,
  context: CommandContext,
): Promise<ExitCode> {
  const asked = spawn(process.execPath, [child, JSON.stringify(question), String(process.pid)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let isLate = false
  const kill = (): void => void asked.kill('SIGKILL')
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, timeoutMs)
  context.signal.addEventListener('abort', kill, { once: true })
  if (context.signal.aborted) kill()
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    asked.once('error', reject)
    asked.once('close', (code, signal) => resolve({ code, signal }))
  })
  // A failure to start is awaited below, after the streams that then end at once.
  ended.catch(() => {})
  try {
    await Promise.all([
      passOn(asked.stdout, context.out, context.drained),
      passOn(asked.stderr, context.err, undefined),
    ])
    const { code, signal } = await ended
    if (isLate)
      throw new OperationalError(
        `The question took longer than ${timeoutMs / 1_000} s and was stopped. Ask for less, e.g. one tag and span with readings('LINE-A/temperature', from, to), or give it longer with --timeout.`,
      )
    // Ctrl+C reaches both processes, in either order.
    if (context.signal.aborted || signal === 'SIGINT' || signal === 'SIGTERM') {
      context.err('Stopped. The answer is not whole.')
      return 130
    }
    if (signal !== null)
      throw new OperationalError(`The question was ended by ${signal}: perhaps it needed more memory than there is.`)
    return code === 0 || code === 2 || code === 3 ? code : 1
  } finally {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', kill)
    kill()
  }
}

/** Whole lines only, as a command writes them; a slow reader slows the question down. */
async function passOn(
  stream: NodeJS.ReadableStream,
  write: (text: string) => void,
  drained: (() => Promise<void>) | undefined,
): Promise<void> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const text = rest + String(chunk)
    const end = text.lastIndexOf('\n')
    rest = text.slice(end + 1)
    if (end < 0) continue
    write(text.slice(0, end))
    await drained?.()
  }
  if (rest !== '') write(rest)
}
