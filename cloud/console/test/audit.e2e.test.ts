import { describe, expect, test } from 'vitest'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the audit page of the console'))('the audit page', () => {
  const at = Stage.set()
  const actions = async () =>
    (await at.page.locator('tbody tr td:nth-child(3)').allInnerTexts()).map((text) => text.trim())

  test('says up to where the log was verified, and finds entries by who, what and on what', async () => {
    await at.signIn('/audit')
    await at.page.getByText(/^Verified at .*: all 3 entries are as they were written/).waitFor()
    await at.page.getByText(/^4 entries are sealed, 0 wait\. Signed up to entry 4/).waitFor()
    await at.page.getByLabel('What').fill('rule')
    await at.page.keyboard.press('Enter')
    await at.page.waitForURL(/action=rule/)
    await expect.poll(actions).toEqual(['rule.deployed', 'rule.saved'])
    await at.page.getByLabel('Who').fill('lee')
    await at.page.keyboard.press('Enter')
    await at.heading('No entry fits these filters').waitFor()
    await at.page.getByRole('button', { name: 'Clear filters' }).click()
    await expect.poll(async () => (await actions()).length).toBe(4)
  })

  test('I9: a log that was changed is said with what was found', async () => {
    at.world.auditChain = {
      ...at.world.auditChain,
      verification: {
        at: at.world.auditChain.sealed_at ?? '',
        position: 4,
        findings: [{ kind: 'changed', text: 'position 2, entry 0192: the entry is not the one that was sealed' }],
      },
    }
    await at.signIn('/audit')
    const alert = at.page.getByRole('alert')
    await alert.getByText('The log is not what was written').waitFor()
    await alert.getByText('position 2').waitFor()
  })

  test('who may not read the log is told whom to ask, and nothing is asked for', async () => {
    await at.signIn('/audit', 'viewer')
    await at.heading('The audit is for administrators').waitFor()
  })

  test('on a telephone the page is no wider than the screen; the table scrolls in itself', async () => {
    await at.page.setViewportSize({ width: 390, height: 844 })
    await at.signIn('/audit')
    await at.page.getByText(/^Verified at/).waitFor()
    const widths = await at.page.locator('.page').evaluate((page) => [page.scrollWidth, page.clientWidth])
    expect(widths[0]).toBe(widths[1])
  })
})
