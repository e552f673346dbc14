import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { describeError, OperationalError, systemClock } from '@jidoka/base'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { judgeLimits } from '../judge/limits.ts'
import { RuleRunner } from '../judge/rule-runner.ts'
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
  let cancelTimer = systemClock.after(judgeLimits.sweepMs, tick)

  function tick(): void {
    try {
      if (lastFailure !== null) {
        journal.probe()
        failures = 0
        lastFailure = null
        send({ kind: 'store', problem: null })
      } else {
        const committed = journal.sweep()
        if (committed !== null) send({ kind: 'swept', committed })
      }
    } catch (error) {
      failed(error)
    }
    cancelTimer = systemClock.after(lastFailure === null ? judgeLimits.sweepMs : retryDelayMs(failures), tick)
  }

  function failed(error: unknown): StoreProblemError {
    if (!(error instanceof StoreProblemError)) throw error
    failures++
    lastFailure = error
    send({ kind: 'store', problem: { problem: error.problem, message: error.message } })
    return error
  }

  function answerFailure(error: StoreProblemError, buffer: ArrayBuffer | null): void {
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
          send({ kind: 'landed', committed, answers, buffer }, buffer === null ? [] : [buffer])
        } catch (error) {
          answerFailure(failed(error), buffer)
          cancelTimer()
          cancelTimer = systemClock.after(retryDelayMs(failures), tick)
        }
        return
      }
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
