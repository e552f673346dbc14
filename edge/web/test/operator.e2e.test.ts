import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Panel, type PanelOptions, type Screens } from './browser.ts'
import { emptyPlant } from './fixture/plant.ts'
import { credentials } from './fixture/server.ts'

const pressTemperature = 'LINE-A/PRESS-1/temperature'

describe.skipIf(chromiumPath === null)('an operator in front of a panel (needs Chromium)', () => {
  let screens: Screens
  let panel: Panel | null = null
  const open = async (options?: PanelOptions) => {
    panel = await openPanel(screens, options)
    return panel
  }

  beforeAll(async () => {
    screens = await openScreens()
  })
  afterAll(() => screens.close())
  afterEach(async () => {
    const complaints = panel?.complaints ?? []
    await panel?.close()
    panel = null
    // A page that throws, or that our own content security policy refuses, fails whatever test it happens in.
    assert.deepEqual(complaints, [])
  })

  test('signs in with the keyboard alone, and a wrong password is answered with what to do', async () => {
    const { page } = await open({ user: null })
    await page.getByLabel('Login').focus()
    await page.keyboard.type(credentials.operator.login)
    await page.keyboard.press('Tab')
    await page.keyboard.type('not it')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Login or password is wrong').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(credentials.operator.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Lines' }).waitFor({ state: 'attached' })
    expect(await page.locator('.tile').count()).toBe(4)
  })

  test('sees a new value without touching anything', async () => {
    const { page, appliance } = await open()
    const row = page.locator(`tr[data-row="${pressTemperature}"]`).first()
    await row.waitFor()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    appliance.value(pressTemperature, 71.7)
    await row.getByText('71.7').waitFor()
  })

  test('sees a value that has not come for longer than it may as stale', async () => {
    const { page } = await open({ prepare: (appliance) => appliance.value(pressTemperature, 66.6, 95_000) })
    const row = page.locator(`tr[data-row="${pressTemperature}"]`).first()
    await row.getByText('1 min · stale').waitFor()
    expect(await row.locator('.value-stale').count()).toBe(1)
  })

  test('sees the line that needs somebody first, and acknowledges its alarm with the keyboard', async () => {
    const { page, appliance } = await open()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    const id = appliance.judge('LINE-D/NUT-1/pressure', 'pressure-high', 'HIGH', 180)
    await page.locator('.tile').first().getByText('Assembly line').waitFor()
    expect(await page.locator('.tile').first().getAttribute('class')).toContain('tile-high')
    await page.getByRole('button', { name: /^Acknowledge: Pressure high/ }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Acknowledged by operator').waitFor()
    expect(appliance.plant.board.alarms.find((alarm) => alarm.id === id)).toMatchObject({
      state: 'acknowledged',
      acknowledged_by: 'operator',
    })
    expect(await page.locator('.tile').first().getAttribute('class')).toContain('tile-acknowledged')
  })

  test('acknowledges the alarm under the focus with A, and arrow keys move between alarms', async () => {
    const { page, appliance } = await open({
      path: '/alarms',
      prepare: (given) => {
        given.judge('LINE-A/PRESS-1/temperature', 'temperature-high', 'HIGH', 90)
        given.judge('LINE-B/ROBOT-1/vibration', 'vibration-high', 'HIGH', 9)
      },
    })
    await page.locator('tr[data-row]').first().focus()
    await page.keyboard.press('ArrowDown')
    const second = await page.locator('tr[data-row]').nth(1).getAttribute('data-row')
    await page.keyboard.press('a')
    await expect
      .poll(() => appliance.plant.board.alarms.find((alarm) => alarm.id === second)?.state)
      .toBe('acknowledged')
    expect(appliance.plant.board.alarms.filter((alarm) => alarm.state === 'unacknowledged')).toHaveLength(1)
  })

  test('is told when a colleague was faster', async () => {
    const { page, appliance } = await open({
      prepare: (given) => given.judge(pressTemperature, 'temperature-high', 'HIGH', 90),
    })
    await page.getByRole('button', { name: /^Acknowledge: Temperature high/ }).waitFor()
    appliance.plant.board.alarms = appliance.plant.board.alarms.map((alarm) => ({
      ...alarm,
      state: 'acknowledged',
      acknowledged_by: 'somebody',
    }))
    await page.getByRole('button', { name: /^Acknowledge: Temperature high/ }).click()
    await page.getByRole('alert').getByText('Somebody has already acknowledged this alarm.').waitFor()
    await page.getByText('Acknowledged by somebody').waitFor()
  })

  test('a viewer finds the button in its place with the reason why it does nothing', async () => {
    const { page, appliance } = await open({
      user: 'viewer',
      prepare: (given) => given.judge(pressTemperature, 'temperature-high', 'HIGH', 90),
    })
    const button = page.getByRole('button', { name: /^Acknowledge: Temperature high/ })
    // A finger does not ask whether the button is enabled.
    await button.click({ force: true })
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    const reason = await page.locator(`[id="${await button.getAttribute('aria-describedby')}"]`).textContent()
    expect(reason).toContain('An operator or a manager can')
    expect(appliance.plant.board.alarms[0]?.state).toBe('unacknowledged')
  })

  test('a line that cannot be judged looks neither normal nor alarmed', async () => {
    const { page, appliance } = await open()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    appliance.judge('LINE-C/OVEN-1/temperature', 'temperature-high', 'UNJUDGED', null)
    await page.locator('.tile-unjudged').getByText('Not judged').waitFor()
  })

  test('reads in the banner since when the cloud is away, what waits, how long the disk lasts, and the last receipt', async () => {
    const { page, appliance } = await open()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    appliance.lineToCloud({
      state: 'offline',
      since: new Date(Date.now() - 7_530_000).toISOString(),
      problem: 'the cloud does not answer',
      lanes: [
        { lane: 'records', stored_seq: 12, receipted_seq: 11, waiting_rows: 1 },
        { lane: 'readings', stored_seq: 5_000, receipted_seq: 100, waiting_rows: 4_900 },
      ],
      disk: { ...appliance.plant.board.line_to_cloud.disk, horizon_days: 40, horizon_days_at_day_rate: 12.7 },
    })
    const banner = page.getByRole('status').filter({ hasText: 'No line to the cloud' })
    await banner.waitFor()
    const text = await banner.textContent()
    expect(text).toContain('(2 h 5 min)')
    expect(text).toContain('1 record, 4,900 readings')
    expect(text).toContain('Until the first row must be dropped: 12 days at the present rate')
    expect(text).toContain('Last receipt')
    appliance.lineToCloud({ state: 'online' })
    await banner.waitFor({ state: 'detached' })
  })

  test.each([
    ['full', '디스크가 가득 찼습니다', '공간이 생기면 자동으로'],
    ['input_output', '디스크와 케이블을 확인하세요', '디스크가 정상으로 돌아오면'],
    ['damaged', '저장소가 손상되어', '다시 시작하면'],
    ['other', '저장소에 쓸 수 없습니다', '쓸 수 있게 되면'],
  ] as const)('reads in Korean that nothing is stored (%s), why, and what happens next', async (kind, why, next) => {
    const { page, appliance } = await open({ language: 'ko' })
    await expect.poll(() => appliance.streamsCount).toBe(1)
    const { disk } = appliance.plant.board.line_to_cloud
    appliance.lineToCloud({ disk: { ...disk, problem: 'The journal cannot be written.', problem_kind: kind } })
    const banner = page.getByRole('alert').filter({ hasText: '지금은 데이터를 저장하지 못합니다.' })
    await banner.getByText(why).waitFor()
    await banner.getByText(next).waitFor()
    expect(await banner.textContent()).not.toContain('journal')
    appliance.lineToCloud({ disk })
    await banner.waitFor({ state: 'detached' })
  })

  test('is told that the values are old while the appliance does not answer, and sees what it missed when it is back', async () => {
    const { page, appliance } = await open()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    appliance.failing.add('/api/v1/stream')
    appliance.cutStreams()
    await page.getByRole('alert').getByText('No connection to the appliance since').waitFor()
    expect(await page.locator('.tile-frozen').count()).toBe(4)
    appliance.judge(pressTemperature, 'temperature-high', 'HIGH', 90)
    appliance.failing.clear()
    await page.locator('.tile-high').waitFor()
    expect(await page.locator('.tile-frozen').count()).toBe(0)
  })

  test('comes back to the sign-in page when the session has ended, and is told so', async () => {
    const { page, appliance } = await open()
    await expect.poll(() => appliance.streamsCount).toBe(1)
    await page.locator('.tile').first().waitFor()
    appliance.endSessions()
    await page.getByRole('link', { name: 'Rules' }).click()
    await page.getByText('Your session has ended').waitFor()
  })

  test('changes the language in one tap, and it stays after a reload', async () => {
    const { page } = await open()
    await page.getByRole('button', { name: '한국어' }).click()
    await page.getByRole('link', { name: '현황판' }).waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('ko')
    await page.reload()
    await page.getByRole('link', { name: '현황판' }).waitFor()
  })

  test('an appliance without readings says how to get the first', async () => {
    const { page } = await open({ plant: emptyPlant(() => Date.now()) })
    await page.getByText('Nothing has been measured yet').waitFor()
    await page.getByText('sensor/LINE-A/temperature').waitFor()
  })

  test('a board that cannot be had is a sentence with a way to try again', async () => {
    const { page, appliance } = await open({ prepare: (given) => given.failing.add('/api/v1/board') })
    await page.getByRole('alert').waitFor()
    appliance.failing.clear()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.tile').first().waitFor()
  })
})
