import { z } from 'zod'
import type { JobDefinition } from '../../platform/jobs/port.ts'
import type { Verifier } from './verifier.ts'

/** Looks at the whole log of a tenant, in its night. What is found is no failure of the job, which would only be tried again: it is kept, counted and logged. */
export const verificationJob = (verifier: Verifier): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'audit.verify',
  title: { ko: '감사 로그 검증', en: 'Verify the audit log' },
  about: {
    ko: '감사 로그 전체를 봉인과 서명된 체크포인트에 대조합니다. 백업을 복원했거나 변조가 의심되면 직접 시작합니다.',
    en: 'Holds the whole log against its seals and signed checkpoints. Start it by hand after a restored backup, or where somebody may have changed it.',
  },
  scope: 'tenant',
  input: z.strictObject({}),
  schedule: '30 3 * * *',
  startedBy: 'audit:read',
  concurrency: 2,
  retries: 3,
  retryDelaySeconds: 600,
  timeoutSeconds: 6 * 3_600,
  run: async ({ tenantId, signal, progress, log }) => {
    if (tenantId === null) throw new TypeError('an audit log is of a tenant')
    const { upTo, checkpoints, findings } = await verifier.verify(tenantId, {}, { signal, progress })
    if (findings.length > 0)
      log.error(
        { action: 'audit.verify', success: false, tenant: tenantId, findings },
        'the audit log is not what was written: docs/security/audit.md says what to do',
      )
    return { entries: upTo, checkpoints, findings: findings.length }
  },
})
