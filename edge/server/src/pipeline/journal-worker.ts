import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { describeError, OperationalError, systemClock } from '@jidoka/base'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { judgeLimits } from '../judge/limits.ts'
import { RuleRunner } from '../judge/rule-runner.ts'
import type { Committed } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'
import { Journal } from './journal.ts'
import { retryDelayMs } from './retry.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

/*
 * The thread that owns the journal. One message in, one commit, one message out. What it cannot handle it throws: the
 * main thread sees the worker die and ends the process, which its supervisor sees and says.
 */
const port = parentPort
assert(port !== null, 'this file is the entry of a worker thread')
const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

const opened = open(workerData as WorkerStart)
if (opened !== null) run(opened)

function open(start: WorkerStart): Journal | null {
  try {
    const runner = new RuleRunner(RuleEngine.create(loadRuleModule(start.ruleModuleFile)))
    const journal = new Journal({
      dataFolder: start.dataFolder,
      tenantId: start.tenantId,
      clock: systemClock,
      runner,
      pageCountMax: start.pageCountMax,
      keeping: start.keeping,
    })
    send({ kind: 'opened', epoch: journal.epoch, found: journal.found })
    return journal
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    send({ kind: 'not_opened', message: describeError(error) })
    port?.close()
    return null
  }
}

function run(journal: Journal): void {
  /** Failures in a row; while it is not 0 nothing is tried but a probe, and every flight is answered with the failure. */
  let failures = 0
  let lastFailure: StoreProblemError | null = null
  /** Flights that took off before the main thread knew of the failure may be on their way: were the store tried again now, they would land before what must be sent again. */
  let awaitsGoOn = false
  let cancelTimer = systemClock.after(judgeLimits.sweepMs, tick)

  function tick(): void {
    try {
      if (lastFailure !== null && !awaitsGoOn) {
        journal.recover((committed) => send({ kind: 'swept', committed }))
        failures = 0
        lastFailure = null
        send({ kind: 'store', problem: null })
      } else if (lastFailure === null) {
        const committed = journal.sweep()
        if (committed !== null) send({ kind: 'swept', committed }, buffersOf(committed))
        tellFollowing()
      }
    } catch (error) {
      failed(error)
    }
    cancelTimer = systemClock.after(lastFailure === null ? journal.sweepAfterMs : retryDelayMs(failures), tick)
  }

  function failed(error: unknown): StoreProblemError {
    // A damaged database is mended at the start, not while it runs: this thread ends, and with it the process.
    if (!(error instanceof StoreProblemError) || error.problem === 'damaged') throw error
    failures++
    lastFailure = error
    send({ kind: 'store', problem: { problem: error.problem, message: error.message } })
    const committed = journal.troubled(error)
    if (committed !== null) send({ kind: 'swept', committed })
    return error
  }

  /** Packets of verdicts that did not fit beside their commit. */
  function tellFollowing(): void {
    for (const committed of journal.takeFollowing()) send({ kind: 'swept', committed }, buffersOf(committed))
  }

  function answerFailure(error: StoreProblemError, buffer: ArrayBuffer | null): void {
    awaitsGoOn = true
    send({ kind: 'failed', problem: error.problem, message: error.message, buffer }, buffer === null ? [] : [buffer])
  }

  port?.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'flight': {
        const buffer = message.flight?.buffer ?? null
        if (lastFailure !== null) {
          journal.skip(message.flight)
          answerFailure(lastFailure, buffer)
          return
        }
        try {
          const { committed, answers } = journal.apply(message.flight, message.commands)
          send({ kind: 'landed', committed, answers, buffer }, [
            ...buffersOf(committed),
            ...(buffer === null ? [] : [buffer]),
          ])
          tellFollowing()
        } catch (error) {
          answerFailure(failed(error), buffer)
          cancelTimer()
          cancelTimer = systemClock.after(retryDelayMs(failures), tick)
        }
        return
      }
      case 'go_on':
        awaitsGoOn = false
        return
      case 'watch_verdicts':
        journal.watchVerdicts(message.wanted)
        return
      case 'limit_pages':
        journal.limitPages(message.pageCountMax)
        return
      case 'stop':
        cancelTimer()
        journal.close()
        send({ kind: 'stopped' })
        port?.close()
    }
  })
}

/** Verdict packets are megabytes where they are watched: handed over, not copied. */
function buffersOf(committed: Committed | null): ArrayBuffer[] {
  const buffer = committed?.verdictPackets?.bytes.buffer
  return buffer instanceof ArrayBuffer ? [buffer] : []
}
