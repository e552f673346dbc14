import { z } from 'zod'
import type { JobDefinition } from '../jobs/port.ts'
import type { Rewrapper } from './rewrapper.ts'

/** A rotation is a thing of days: an hour later is soon enough. */
export const rewrapJob = (rewrapper: Rewrapper): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'secrets.rewrap',
  title: { ko: '비밀 값 다시 감싸기', en: 'Rewrap secrets' },
  about: {
    ko: '마스터 키를 교체한 뒤, 이전 키로 봉인된 값을 새 키로 다시 감쌉니다. 바로 옮기려면 직접 시작합니다.',
    en: 'After a change of the master key: wraps what older keys seal with the new one. Start it by hand to have it done at once.',
  },
  scope: 'platform',
  input: z.strictObject({}),
  schedule: '17 * * * *',
  startedBy: 'secret:manage',
  concurrency: 1,
  retries: 2,
  retryDelaySeconds: 300,
  timeoutSeconds: 6 * 3_600,
  run: async ({ signal, progress, log }) => {
    const { rewrapped, failed, problems, unreached, isWhole, activeKeyId } = await rewrapper.run(
      (done) => progress(done, done),
      signal,
    )
    if (!isWhole) signal.throwIfAborted()
    if (failed > 0) {
      log.error({ action: 'secrets.rewrap', success: false, failed, problems }, 'sealed rows could not be opened')
      throw new Error(
        `${failed} sealed rows could not be opened, and ${rewrapped} were rewrapped. The log names them: put the master key back that they name, or set these secrets anew.`,
      )
    }
    if (unreached.length > 0)
      throw new Error(
        `${rewrapped} were rewrapped, and these databases did not answer: ${unreached.join(', ')}. Keep the older keys: the next run goes on there.`,
      )
    return { rewrapped, key: activeKeyId }
  },
})
