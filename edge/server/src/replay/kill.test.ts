import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ManualClock } from '@jidoka/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Journal } from '../pipeline/journal.ts'
import { newFolder, newRunner, removeFolder } from '../pipeline/test-support.ts'
import { openReader } from '../store/journal-reader.ts'
import { replay } from './replay.ts'

/*
 * I3 through SIGKILL: a process that stores and judges is killed in the middle of it, several times on one folder. What is
 * in the journal then must account for every verdict: each reading and production count made one for each rule that it
 * triggers. The journal judged anew must come to the same. Power loss is not modelled here.
 */
let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

async function liveAndDie(commits: number): Promise<void> {
  const child = spawn(process.execPath, [new URL('./kill-child.ts', import.meta.url).pathname, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = 0
  const ended = once(child, 'exit')
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.length
    if (seen >= commits) child.kill('SIGKILL')
  })
  const [code, signal] = (await ended) as [number | null, string | null]
  expect([code, signal]).toEqual([null, 'SIGKILL'])
}

test(
  'I3: after six kills every verdict is a record or counted in one, and comes out again',
  { timeout: 120_000 },
  async () => {
    for (const commits of [3, 8, 1, 15, 30, 5]) await liveAndDie(commits)
    const clock = new ManualClock(Date.now())
    new Journal({ dataFolder: folder, tenantId: 'acme', clock, runner: newRunner() }).close()
    const reader = openReader({ dataFolder: folder })
    const [records, { readingsSeq }] = [
      reader
        .recordLines(1, Infinity)
        .map(({ line }) => JSON.parse(line) as { kind: string; body: Record<string, unknown> }),
      reader.lanes(),
    ]
    reader.close()
    const accounted = (id: string) =>
      records.reduce((sum, { kind, body }) => {
        if (body['rule_id'] !== id) return sum
        return kind === 'judgment' ? sum + 1 : kind === 'verdict_run' ? sum + Number(body['count']) : sum
      }, 0)
    const temperatures = (readingsSeq / 41) * 40
    const counts = records.filter(({ kind }) => kind === 'event').length
    expect(counts).toBeGreaterThanOrEqual(62)
    expect([accounted('hot'), accounted('again'), accounted('both'), accounted('defects')]).toEqual([
      temperatures,
      temperatures,
      temperatures,
      counts,
    ])
    const findings = replay({
      dataFolder: folder,
      fromMs: 0,
      toMs: clock.nowMs() + 60_000,
      ruleId: undefined,
      newRunner,
    })
    expect([findings.differences, findings.gaps]).toEqual([[], []])
    expect(findings.judgmentsSame + findings.verdictsCounted).toBe(3 * temperatures + counts)
  },
)
