import { RuleEngine } from '@jidoka/rules'
import moduleUrl from '@jidoka/rules/wasm?url'
import { judgeRule } from './judge.ts'
import type { TryAnswer, TryRequest } from './protocol.ts'

/**
 * Runs rules off the page's thread: a script that spins up to its limits must not freeze what somebody is typing. The
 * module is loaded at the first question, and again after a failure.
 */
interface WorkerScope {
  postMessage(answer: TryAnswer): void
  addEventListener(type: 'message', listener: (event: MessageEvent<TryRequest>) => void): void
}

/** The types of a page, which this file shares, know no worker. */
const scope = globalThis as unknown as WorkerScope

let loading: Promise<RuleEngine> | null = null

async function load(): Promise<RuleEngine> {
  const response = await fetch(moduleUrl)
  if (!response.ok) throw new Error(`the rules' module was not served: ${response.status}`)
  return RuleEngine.load(response)
}

async function answer(request: TryRequest): Promise<TryAnswer> {
  try {
    loading ??= load()
    return { kind: 'outcome', number: request.number, outcome: judgeRule(await loading, request) }
  } catch (error) {
    loading = null
    return { kind: 'failed', number: request.number, message: error instanceof Error ? error.message : String(error) }
  }
}

scope.addEventListener('message', (event) => {
  void answer(event.data).then((made) => scope.postMessage(made))
})
