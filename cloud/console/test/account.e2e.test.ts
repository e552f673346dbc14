import { cloudPaths } from '@jidoka/contract'
import { describe, expect, test } from 'vitest'
import { passwordOfAll } from './fixture-world.ts'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the account of the console'))('the account', () => {
  const at = Stage.set()
  const next = 'another horse battery'
  const button = (name: string) => at.page.getByRole('button', { name, exact: true })
  const account = async () => at.page.locator('.shell-header').getByRole('button').last().click()
  const fill = async (current: string, first: string, second = first) => {
    await at.page.getByLabel('Present password').fill(current)
    await at.page.getByLabel('New password', { exact: true }).fill(first)
    await at.page.getByLabel('New password again').fill(second)
    await at.page.keyboard.press('Enter')
  }

  test('a person changes the own password, and goes on without signing in again', async () => {
    await at.signIn('/lines')
    await account()
    await button('Change the password').click()
    await fill('', 'short', 'shorter')
    for (const mistake of ['Enter the present password.', 'At least 12 characters.', 'The two do not agree.'])
      await at.page.getByText(mistake, { exact: true }).waitFor()
    expect(at.world.requests).not.toContain(`PUT ${cloudPaths.password}`)
    await fill('not the password', next)
    await at.page.getByText(/password is wrong/i).waitFor()
    await fill(passwordOfAll, next)
    await at.page.getByText('The password is changed. You are signed out everywhere else.').waitFor()
    expect(at.world.users.get('admin')?.password).toBe(next)
    await at.page.reload()
    await at.page.locator('.shell-header').waitFor()
  })

  test('a token that ends while the dialog is open costs nothing: the password is changed all the same', async () => {
    await at.signIn('/lines')
    await account()
    await button('Change the password').click()
    const refreshes = () => at.world.requests.filter((each) => each === `POST ${cloudPaths.refresh}`).length
    const before = refreshes()
    const problem = { type: 'about:blank', kind: 'not_signed_in', title: '', status: 401, detail: 'it has ended' }
    const refusal = { status: 401, contentType: 'application/problem+json', body: JSON.stringify(problem) }
    await at.page.route(`**${cloudPaths.password}`, (route) => route.fulfill(refusal), { times: 1 })
    await fill(passwordOfAll, next)
    await at.page.getByText('The password is changed. You are signed out everywhere else.').waitFor()
    expect(refreshes()).toBe(before + 1)
    expect(at.world.users.get('admin')?.password).toBe(next)
  })

  test('who was given a password is told to change it, until it is changed', async () => {
    at.world.madeUp.add('admin')
    await at.signIn('/lines')
    const banner = at.page.getByText('Others may have seen your password')
    await banner.waitFor()
    await button('Change the password').click()
    await fill(passwordOfAll, next)
    await banner.waitFor({ state: 'detached' })
  })

  test('signing out everywhere ends this sign-in too', async () => {
    await at.signIn('/lines')
    await account()
    await button('Sign out everywhere').click()
    await at.page.locator('[name=password]').waitFor()
    expect(at.world.requests).toContain(`DELETE ${cloudPaths.sessions}`)
  })
})
