import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from './browser.ts'
import { cloudOf, edgeOf, simulatorOf } from './ends.ts'
import type { PlantProcess } from './plant-process.ts'
import { eventually } from './steps.ts'
import type { Steps } from './steps.ts'

interface Way {
  readonly chromium: string
  readonly shots: string
  readonly cutS: number
}

const desktop = { width: 1920, height: 1080 }
const panel = { width: 1280, height: 800 }

export async function drive(steps: Steps, plant: PlantProcess, way: Way): Promise<void> {
  const browser = await openBrowser(way.chromium)
  const edge = await edgeOf(plant)
  const cloud = await cloudOf(plant)
  const simulator = simulatorOf(plant)
  const shot = (page: Page, name: string) => page.screenshot({ path: join(way.shots, `${name}.png`) })
  const failures: string[] = []

  try {
    const board = await openPage(browser, plant.board, panel, failures)
    await steps.run('the board is live: four lines, and values that change by themselves', async () => {
      await signIn(board, plant)
      await board.locator('.board-grid').waitFor()
      await eventually(
        'four lines on the board',
        20,
        async () => (await board.locator('.board-grid > *').count()) === 4,
      )
      const text = () => board.locator('.board-lines').innerText()
      const before = await text()
      await eventually('a value on the board changes', 10, async () => (await text()) !== before)
      await eventually(
        'every line has a verdict',
        60,
        async () => !(await board.locator('.board-grid').innerText()).includes('No verdict yet'),
      )
      await shot(board, '1-board-live')
    })

    await steps.run('a bearing wears on the plant’s page, and the board shows the alarm', async () => {
      const plantPage = await openPage(browser, plant.simulator, panel, failures)
      await plantPage.locator('#kinds').waitFor()
      await shot(plantPage, '2-plant')
      await simulator.fault('bearing_wear', { severity: 1 })
      await eventually('the fault runs', 5, async () => (await plantPage.locator('#running li').count()) > 0)
      await plantPage.close()
      await board
        .getByRole('button', { name: /^Acknowledge/ })
        .first()
        .waitFor({ timeout: 90_000 })
      await shot(board, '2-alarm')
    })

    let judgmentId = ''
    await steps.run('the alarm is acknowledged by one tap', async () => {
      const alarm = (await edge.alarms()).find(
        ({ rule_id: rule, state }) => rule === 'vibration-severity' && state === 'unacknowledged',
      )
      if (!alarm) throw new Error('no vibration alarm waits for an acknowledgement')
      judgmentId = alarm.judgment_id
      await board
        .getByRole('button', { name: `Acknowledge: ${alarm.rule_name.en}` })
        .first()
        .click()
      await eventually('the alarm is acknowledged at the appliance', 10, async () =>
        (await edge.alarms()).every(({ id, state }) => id !== alarm.id || state !== 'unacknowledged'),
      )
      await shot(board, '3-acknowledged')
    })

    const desk = await openPage(browser, plant.console, desktop, failures)
    await steps.run('the judgment is in the console with the inputs that it was made from', async () => {
      await signIn(desk, plant)
      const judgment = await eventually('the judgment is in the cloud', 20, () => cloud.judgment(judgmentId))
      await desk.goto(`${plant.console}/judgments?id=${judgmentId}`)
      await desk
        .getByText(judgment.explanation ?? '')
        .first()
        .waitFor()
      await shot(desk, '4-judgment')
    })
    await steps.run('the fleet shows what the edge shall be and what it says it is, side by side', async () => {
      await desk.goto(`${plant.console}/fleet`)
      await desk.getByText('changwon-1').first().waitFor()
      await eventually('every desired item is reported', 20, async () => (await cloud.edge()).pending_items === 0)
      await shot(desk, '5-fleet')
    })

    await steps.run(`the line is cut for ${way.cutS} s: the board says so, and readings go on`, async () => {
      const cut = await simulator.fault('line_cut', {})
      try {
        await board.getByText(/No line to the cloud since/).waitFor({ timeout: 60_000 })
        const before = await edge.stored()
        const received = (await cloud.received()).readings
        await new Promise((resolve) => setTimeout(resolve, way.cutS * 1000))
        const after = await edge.stored()
        if (after.readings - before.readings < way.cutS * 10)
          throw new Error(`only ${after.readings - before.readings} readings were stored while the line was cut`)
        if ((await cloud.received()).readings !== received)
          throw new Error('the cloud received readings through a cut line')
        await shot(board, '6-line-cut')
      } finally {
        await simulator.takeBack(cut)
      }
    })

    /** Everything that the edge holds at this instant has arrived, and both ends say the same of it. */
    const endsAgree = async () => {
      const held = await edge.stored()
      const same = await eventually('equal counts at both ends', 90, async () => {
        const here = await edge.receipted()
        const there = await cloud.received()
        const isSame =
          here.readings === there.readings && here.records === there.records && here.digest === there.digest[here.lane]
        return isSame && here.readings >= held.readings && here.records >= held.records ? there : null
      })
      if (same.rows.readings !== same.readings || same.rows.records !== same.records) {
        throw new Error(`rows and sequence numbers differ in the cloud: ${JSON.stringify(same)}`)
      }
      console.log(
        `    ${same.readings} readings and ${same.records} records at both ends, digest ${same.digest.readings}`,
      )
      return same
    }
    await steps.run('I2: the line is back, both ends have the same counts and the same digest', async () => {
      await board.getByText(/No line to the cloud since/).waitFor({ state: 'detached', timeout: 90_000 })
      await endsAgree()
      await shot(board, '7-line-back')
    })

    await steps.run(
      'I1, I2: the edge is killed while readings flow; it is started again aloud, and nothing is missing or twice',
      async () => {
        const [pid] = readFileSync(join(plant.dataFolder, 'edge', 'lock'), 'utf8').split(' ')
        process.kill(Number(pid), 'SIGKILL')
        await eventually('the supervisor says that it starts the edge again', 10, async () =>
          plant.said().includes('the edge was ended by SIGKILL and is started again'),
        )
        const acknowledged = await simulator.acknowledged()
        await eventually('the edge runs again', 30, async () => plant.said().includes('the edge runs again'))
        await eventually(
          'new readings are acknowledged',
          60,
          async () => (await simulator.acknowledged()) > acknowledged + 100,
        )
        // Acknowledged first, stored after: what was acknowledged at the first instant must be stored at the second.
        const promised = await simulator.acknowledged()
        const stored = (await edge.stored()).readings
        if (stored < promised) throw new Error(`${promised} readings were acknowledged and ${stored} are stored`)
        await endsAgree()
      },
    )

    await steps.run('a limit changed in the console is in the next verdict on the board', async () => {
      const [ruleId, limit] = ['hydraulic-pressure-band', '145']
      const version = await cloud.ruleVersion(ruleId)
      await desk.goto(`${plant.console}/rules?rule=${ruleId}`)
      await desk.getByLabel('Low limit').first().fill(limit)
      await desk.getByRole('button', { name: /^Save/ }).click()
      await eventually('the new version is kept', 10, async () => (await cloud.ruleVersion(ruleId)) === version + 1)
      await shot(desk, '8-rule')
      await desk
        .getByRole('button', { name: /^Deploy/ })
        .first()
        .click()
      const dialog = desk.getByRole('dialog')
      if (await dialog.isVisible()) await dialog.getByRole('button', { name: /^Deploy/ }).click()
      const fromMs = performance.now()
      await eventually(
        'the edge reports the new version as applied',
        20,
        async () => (await edge.ruleVersion(ruleId)) === version + 1,
      )
      console.log(`    in force at the edge after ${((performance.now() - fromMs) / 1000).toFixed(1)} s`)
      await eventually('a verdict of the new version', 60, async () =>
        (await edge.verdictVersions(ruleId)).includes(version + 1),
      )
      await shot(desk, '9-deployed')
    })

    await steps.run('the board in Korean, dark, on a large screen', async () => {
      const korean = await openPage(browser, plant.board, desktop, failures, { locale: 'ko-KR', colorScheme: 'dark' })
      await signIn(korean, plant, /로그인/)
      await korean.locator('.board-grid').waitFor()
      await shot(korean, '10-board-ko-dark')
      await korean.context().close()
    })

    await steps.run('no page reported an error', async () => {
      if (failures.length > 0) throw new Error(failures.join('\n'))
    })
  } finally {
    await browser.close()
  }
}

async function openPage(
  browser: Browser,
  url: string,
  viewport: { width: number; height: number },
  failures: string[],
  options: { locale?: string; colorScheme?: 'dark' | 'light' } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport,
    locale: options.locale ?? 'en-US',
    colorScheme: options.colorScheme ?? 'light',
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => failures.push(`${page.url()}: ${error.message}`))
  await page.goto(url)
  return page
}

async function signIn(page: Page, plant: PlantProcess, button = /^Sign in/): Promise<void> {
  await page.locator('input[name="login"]').fill(plant.login)
  await page.locator('input[name="password"]').fill(plant.password)
  await page.getByRole('button', { name: button }).click()
  await page.locator('input[name="password"]').waitFor({ state: 'detached' })
}
