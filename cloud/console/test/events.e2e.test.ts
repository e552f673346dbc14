import { describe, expect, test } from 'vitest'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the events page of the console'))('the events page', () => {
  const at = Stage.set()
  const dead = (number: number) => ({
    id: `0192${String(number).padStart(28, '0')}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    consumer: 'judgment.caches',
    channel: 'rule.deployed',
    subject: `press-temperature-${number}`,
    payload: { rule: 'press-temperature', version: number },
    created_at: '2026-11-21T08:00:00.000Z',
    attempts: 12,
    error: 'The cache did not answer within 2 s.',
    died_at: '2026-11-21T08:40:00.000Z',
  })

  test('with nothing given up says so', async () => {
    await at.signIn('/events')
    await at.heading('Every event was taken').waitFor()
  })

  test('shows what was given up page by page, with the error and the payload, and hands one on again', async () => {
    at.world.deadEvents = Array.from({ length: 60 }, (_, index) => dead(index))
    await at.signIn('/events')
    const rows = at.page.locator('tbody tr')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(50)
    await at.page.getByRole('button', { name: 'Load more' }).click()
    await expect.poll(() => rows.count()).toBe(60)
    const first = rows.first()
    await first.locator('summary').click()
    await first.getByText('"version": 0').waitFor()
    await first.getByRole('button', { name: 'Hand on again' }).click()
    await at.page.getByText('It is handed on once more.').waitFor()
    await expect.poll(() => first.innerText()).toContain('press-temperature-1')
    expect(at.world.deadEvents).toHaveLength(59)
  })

  test('who may not is told whom to ask', async () => {
    await at.signIn('/events', 'viewer')
    await at.heading('Events are for administrators').waitFor()
  })
})
