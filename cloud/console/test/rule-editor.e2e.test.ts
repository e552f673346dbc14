import { ruleProblemText } from '@jidoka/domain'
import { describe, expect, test } from 'vitest'
import { putRule, report } from './fixture-world.ts'
import { sayWhySkipped, Stage } from './stage.ts'

/** The rule editor of the console as it is built: see `Stage`. */
describe.skipIf(sayWhySkipped('the rule editor in a browser'))('the rule editor', () => {
  const at = Stage.set()
  const limit = () => at.page.getByLabel('Upper limit', { exact: true })

  test('a limit is changed, tried, saved, deployed, and the edge reports it in force', async () => {
    await at.signIn('/rules?rule=press-temperature')
    await at.page.getByText('85.0 °C > 80.0 °C').waitFor()
    await limit().fill('81')
    // One example says that 79 after HIGH is still HIGH: from 81 on it is not, and such a rule cannot be saved.
    await at.page.getByText('1 example fails:').waitFor()
    await limit().fill('80.5')
    await at.page.getByText('3 pass').waitFor()
    await at.page.keyboard.press('Control+s')
    await at.page.getByText('Version 5 is saved.').waitFor()
    await at.page.getByRole('button', { name: 'Deploy', exact: true }).click()
    await at.page.getByRole('checkbox', { name: /gumi-paint/ }).uncheck()
    await at.page.getByRole('button', { name: 'Deploy to 2 edges' }).click()
    await at.page.locator('.deployments').getByText('Waiting for the edge').nth(1).waitFor()
    report(at.world, '00000000-0000-7000-8000-000000000001', 'press-temperature')
    await at.page
      .locator('.deployments')
      .getByText(/In force after \d+\.\d s/)
      .waitFor()
    report(at.world, '00000000-0000-7000-8000-000000000002', 'press-temperature', 'refused', 'example 2 gives NORMAL')
    await at.page.locator('.deployments').getByText('example 2 gives NORMAL').waitFor()
    expect(
      at.world.rules.find(({ definition }) => definition.id === 'press-temperature')?.definition.parameters['high']
        ?.value,
    ).toBe(80.5)
  })

  test('a mistake in the script is named by line and column, and leads there', async () => {
    await at.signIn('/rules?rule=press-temperature')
    await at.page.locator('.code-area').fill('let a = 1;\nif input.value > params.hihg { verdict("HIGH", 0.9) }')
    await at.page.getByText(/no parameter `hihg`/).waitFor()
    await at.page
      .getByRole('button', { name: /^Line 2, column/ })
      .first()
      .click()
    expect(
      await at.page
        .locator('.code-area')
        .evaluate(
          (area: HTMLTextAreaElement) =>
            area.value.slice(area.selectionStart).startsWith('hihg') ||
            area.value.slice(area.selectionStart).startsWith('.hihg'),
        ),
    ).toBe(true)
    expect(await at.page.locator('.code-line-wrong').innerText()).toContain('2')
  })

  test('on a Korean page what is wrong with a script is said in Korean, and what an edge refused too', async () => {
    await at.signIn('/rules?rule=press-temperature')
    await at.page.getByRole('button', { name: '김현장' }).click()
    await at.page.getByRole('radio', { name: '한국어' }).check()
    await at.page.keyboard.press('Escape')
    await at.page.locator('.code-area').fill('let a = 1;\nif input.value > params.hihg { verdict("HIGH", 0.9) }')
    await at.page.getByText('규칙에 한계값 `hihg`이(가) 없습니다. 있는 한계값:').waitFor()
    await at.page.getByRole('button', { name: /^2행 / }).first().waitFor()
    await at.page.locator('.code-area').fill('let a = ;')
    await at.page.getByText('스크립트에 오류가 있습니다').first().waitFor()
    report(
      at.world,
      '00000000-0000-7000-8000-000000000002',
      'press-temperature',
      'refused',
      ruleProblemText('example_differs', { number: 2, count: 3, status: 'NORMAL', expected: 'HIGH' }),
    )
    await at.page
      .locator('.deployments')
      .getByText('예시 3개 가운데 2번은 HIGH이어야 하는데 NORMAL로 판정됩니다.')
      .waitFor()
  })

  test('a script that never ends freezes nothing', async () => {
    await at.signIn('/rules?rule=press-temperature')
    await at.page.locator('.code-area').fill('let a = 0; loop { a += 1; }')
    await at.page.locator('.try-answer .problem').waitFor()
    await limit().fill('80.5')
    expect(await limit().inputValue()).toBe('80.5')
  })

  test("a colleague's version is shown beside one's own, and one decides", async () => {
    await at.signIn('/rules?rule=press-temperature')
    await at.page.getByText('3 pass').waitFor()
    await limit().fill('80.5')
    const present = at.world.rules.find(({ definition }) => definition.id === 'press-temperature')
    if (present === undefined) throw new Error('the fixture has the rule')
    const { version, ...definition } = present.definition
    putRule(at.world, { ...definition, cool_down_s: 60 }, version, 'lee', Date.now())
    await at.page.getByRole('button', { name: /^Save/ }).click()
    await at.heading('Somebody else has changed this rule').waitFor()
    await at.page.locator('dialog').getByText('parameters.high.value').waitFor()
    await at.page.locator('dialog').getByText('cool_down_s').waitFor()
    await at.page.getByRole('button', { name: 'Save mine as version 6' }).click()
    await at.page.getByText('Version 6 is saved.').waitFor()
  })

  test('what is not saved is not lost by a link, by Back or by Ctrl-K', async () => {
    await at.signIn('/rules')
    await at.page.getByText('Press temperature').first().click()
    await limit().fill('80.5')
    await at.page.getByRole('link', { name: 'Fleet' }).click()
    await at.heading('Leave without saving?').waitFor()
    await at.page.getByRole('button', { name: 'Stay' }).click()
    await at.page.goBack()
    await at.heading('Leave without saving?').waitFor()
    await at.page.getByRole('button', { name: 'Stay' }).click()
    expect(await limit().inputValue()).toBe('80.5')
    await at.page.keyboard.press('Control+k')
    await at.page.keyboard.type('audit')
    await at.page.keyboard.press('Enter')
    await at.heading('Leave without saving?').waitFor()
    await at.page.getByRole('button', { name: 'Leave and discard' }).click()
    await at.heading('Audit').waitFor()
  })

  test('a new rule is written from the example and opens as saved', async () => {
    await at.signIn('/rules?new=1')
    await at.page.getByLabel('Identifier').fill('oven-temperature')
    await at.page.getByLabel('Name (Korean)').first().fill('오븐 온도')
    await at.page.getByLabel('Name (English)').first().fill('Oven temperature')
    await at.page.getByText('2 pass').waitFor()
    await at.page.getByRole('button', { name: /^Save/ }).click()
    await at.heading('Oven temperature').waitFor()
    expect(new URL(at.page.url()).searchParams.get('rule')).toBe('oven-temperature')
    await at.page.getByText('It runs nowhere yet.').waitFor()
  })

  test('a rule over a mean of five minutes and a control chart is written, tried and saved', async () => {
    await at.signIn('/rules?new=1')
    await at.page.getByLabel('Identifier').fill('oven-drift')
    await at.page.getByLabel('Name (Korean)').first().fill('오븐 추세')
    await at.page.getByLabel('Name (English)').first().fill('Oven drift')
    const inputs = at.page.getByRole('table', { name: 'Inputs' })
    const added = async (place: number, name: string, from: string) => {
      await at.page.getByRole('button', { name: 'Add an input' }).click()
      const row = inputs.getByRole('row').nth(place)
      await row.getByLabel('Input', { exact: true }).fill(name)
      await row.getByLabel('From').selectOption(from)
      return row
    }
    const window = await added(2, 'mean_5min', 'window')
    await window.getByLabel('Length of the window').fill('28801')
    await window.getByLabel('Late by up to (s)').fill('301')
    const chart = await added(3, 'chart', 'chart')
    await chart.getByLabel(/^Centre/).fill('high')
    await chart.getByLabel(/^Sigma/).fill('0.5')
    for (const row of [window, chart]) expect(await row.getByRole('cell').nth(3).innerText()).not.toBe('')
    // The bounds of windows are said where they are passed.
    await expect.poll(() => window.locator('.field-error').count()).toBe(2)
    expect(await at.page.getByRole('button', { name: /^Save/ }).getAttribute('aria-disabled')).toBe('true')
    await window.getByLabel('Length of the window').fill('300')
    await window.getByLabel('Late by up to (s)').fill('30')
    await window.getByLabel('Kind of window').selectOption('tumbling')
    await at.page
      .locator('.code-area')
      .fill(
        'if input.mean_5min > params.high || nelson(input.chart, 2) { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.95) }',
      )
    const examples = at.page.getByRole('table', { name: 'Examples' })
    for (const [index, mean, tests] of [
      [1, '85', '0'],
      [2, '60', '0'],
    ] as const) {
      const row = examples.getByRole('row').nth(index)
      await row.getByLabel('mean_5min').fill(mean)
      await row.getByLabel('chart').fill(tests)
    }
    await at.page.getByText('2 pass').waitFor()
    await at.page.getByRole('button', { name: /^Save/ }).click()
    await at.heading('Oven drift').waitFor()
    expect(at.world.rules.find(({ definition }) => definition.id === 'oven-drift')?.definition.inputs.slice(1)).toEqual(
      [
        {
          name: 'mean_5min',
          from: 'window',
          window: { by: 'time', seconds: 300 },
          mode: 'tumbling',
          stat: 'mean',
          lateness_s: 30,
          max_age_s: 60,
          kind: 'number',
        },
        {
          name: 'chart',
          from: 'chart',
          centre: { parameter: 'high' },
          sigma: 0.5,
          tests: 'nelson',
          lateness_s: 10,
          max_age_s: 60,
          kind: 'integer',
        },
      ],
    )
  })

  test('who may only look sees why the buttons do nothing', async () => {
    await at.signIn('/rules?rule=press-temperature', 'viewer')
    const save = at.page.getByRole('button', { name: /^Save/ })
    await save.click({ force: true })
    expect(await save.getAttribute('aria-disabled')).toBe('true')
    await at.page.getByText('Your role may not do this. A manager can.').first().waitFor()
    expect(at.world.requests.some((request) => request.startsWith('PUT'))).toBe(false)
  })
})
