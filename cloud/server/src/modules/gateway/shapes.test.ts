import { mobileDashboardSchema, slackLimits, slackMessageSchema } from '@jidoka/contract'
import type { Dashboard, Execution } from '@jidoka/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sentenceOfAbsence } from './sentences.ts'
import { mobileDashboardOf, slackDashboardOf, slackJudgmentsOf, webDashboardOf } from './shapes.ts'

const execution = (changes: Partial<Execution> = {}): Execution => ({
  execution_id: crypto.randomUUID(),
  workflow_id: 'press-temperature',
  edge_id: null,
  edge_name: null,
  executed_at: '2026-11-21T09:00:00.000Z',
  received_at: '2026-11-21T09:00:01.000Z',
  rule_id: 'press-temperature',
  rule_version: 1,
  rule_hash: 'a'.repeat(64),
  subject: 'LINE-A/PRESS-1/temperature',
  line: 'LINE-A',
  equipment: 'PRESS-1',
  status: 'HIGH',
  normal: false,
  previous_status: null,
  confidence: 0.95,
  method_used: 'rule',
  explanation: '92.5 > 90',
  inputs: {},
  reading_seq: 1,
  ...changes,
})
const fleet = {
  online: 3,
  silent: 0,
  revoked: 0,
  silent_names: [],
  open_alarms: 0,
  open_troubles: 0,
  pending_items: 0,
}
const dashboard = (changes: Partial<Dashboard> = {}): Dashboard => ({
  judgments: [],
  bi_widgets: null,
  active_workflows: null,
  fleet,
  audit: null,
  unavailable: [
    {
      part: 'bi_widgets',
      module: 'bi',
      reason: 'not_installed',
      sentence: sentenceOfAbsence('bi_widgets', 'not_installed', 'en'),
    },
  ],
  ...changes,
})

describe('the headline', () => {
  const headline = (changes: Partial<Dashboard>, locale: 'ko' | 'en' = 'en') =>
    webDashboardOf(dashboard(changes), null, locale).headline
  it.each([
    [{}, 'All is normal.'],
    [{ fleet: { ...fleet, silent: 1 } }, '1 edge silent'],
    [{ judgments: [execution(), execution({ normal: true })] }, '1 of the last 2 judgments abnormal'],
    [{ judgments: [execution()], fleet: { ...fleet, open_alarms: 2, silent: 1 } }, '2 open alarms'],
    [{ judgments: null }, 'Some parts did not come, so not all is known.'],
    [{ judgments: null, fleet: { ...fleet, open_alarms: 1 } }, '1 open alarm'],
  ])('of %j says %s', (changes, sentence) => {
    expect(headline(changes)).toBe(sentence)
  })

  it('says first that the audit log was changed', () => {
    const audit = {
      position: 9,
      sealed_at: null,
      unsealed: 0,
      checkpoint: null,
      verification: { at: '2026-11-21T09:00:00.000Z', position: 9, findings: [{ kind: 'changed', text: 'x' }] },
      key_id: 'k',
      public_key: 'p',
    }
    expect(headline({ audit, fleet: { ...fleet, open_alarms: 2 } }, 'ko')).toContain('감사 기록이 쓰인 것과 다릅니다')
  })
})

describe('for a telephone', () => {
  it('abnormal judgments come first, at most ten, and null stays null', () => {
    const rows = [...Array.from({ length: 15 }, () => execution({ normal: true, status: 'NORMAL' })), execution()]
    const shape = mobileDashboardSchema.parse(mobileDashboardOf(dashboard({ judgments: rows }), 'en'))
    expect([shape.judgments?.length, shape.judgments?.[0]?.sentence]).toEqual([
      10,
      'LINE-A PRESS-1 · press-temperature: HIGH (confidence 95 %) · 92.5 > 90',
    ])
    expect(shape.unavailable).toEqual([])
    expect(mobileDashboardOf(dashboard({ judgments: null, fleet: null }), 'en')).toMatchObject({
      judgments: null,
      open_alarms: null,
    })
  })

  it('I8: names and telephone numbers of an explanation are masked', () => {
    const explanation = '담당자 홍길동 010-1234-5678'
    const [row] = mobileDashboardOf(dashboard({ judgments: [execution({ explanation })] }), 'ko').judgments ?? []
    expect(row?.sentence).toContain('홍*동 010-****-5678')
  })
})

describe('for Slack', () => {
  it('what could be a mark of Slack is text, so that no name makes a link or calls everybody', () => {
    const message = slackJudgmentsOf([execution({ explanation: '<!channel> & <https://x|y>' })], 'en')
    const text = JSON.stringify(message)
    expect(text).toContain('&lt;!channel&gt; &amp; &lt;https://x|y&gt;')
    expect(text).not.toContain('<!channel')
    expect(text).toContain('<!date^1795251600^{date_short_pretty} {time_secs}|2026-11-21T09:00:00.000Z>')
  })

  it('a message keeps within the bounds of Slack, whatever it tells of', () => {
    const words = fc.string({ unit: fc.constantFrom('a', '&', '<', '가', '😀', ' '), maxLength: 2_000 })
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), fc.array(words, { maxLength: 10 }), (explanations, names) => {
        const judgments = explanations.map((explanation) => execution({ explanation }))
        const silent_names = names.map((name) => name.slice(0, 500))
        const message = slackDashboardOf(dashboard({ judgments, fleet: { ...fleet, silent_names } }), 'ko')
        slackMessageSchema.parse(message)
        for (const block of message.blocks) {
          if (block.type !== 'section') continue
          expect(block.text.text.length).toBeLessThanOrEqual(slackLimits.sectionLettersMax)
          // No entity and no letter is cut in two.
          expect(block.text.text.replaceAll(/&(amp|lt|gt);/g, '')).not.toMatch(/&|[\ud800-\udbff](?![\udc00-\udfff])/)
        }
      }),
      { numRuns: 50 },
    )
  })
})
