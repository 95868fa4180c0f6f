import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { lookAllOver, password, type Town } from './people.ts'

/** What an owner does in a browser for what acts for the organisation: roles, programs and their keys, apps, sign-in. */
export async function team(town: Town): Promise<void> {
  const { p, person, at, address } = town
  const olga = await person('Olga')
  const { id } = await olga.api.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  const tab = (name: string): string => `/console/organisations/${id}?tab=${name}`

  // A role of one's own.
  const page = await at(olga, tab('roles'))
  await page.getByRole('textbox', { name: /^Name/ }).fill('Bookkeeper')
  await choose(page, 'Lets do', ['Money: change', 'Passports: see'])
  await page.getByRole('button', { name: 'Define the role' }).click()
  await page.getByRole('link', { name: 'Bookkeeper' }).waitFor()

  // A program that has it, and a key, which is told once and opens what the role lets.
  await page.getByRole('tab', { name: 'Programs' }).click()
  await page.getByRole('textbox', { name: /^Name/ }).fill('Night run')
  await page.getByRole('combobox', { name: /^Role/ }).click()
  await page.getByRole('option', { name: 'Bookkeeper' }).click()
  await page.getByRole('button', { name: 'Make the service account' }).click()
  await page.getByRole('link', { name: 'Night run' }).click()
  await page.getByRole('heading', { level: 1, name: 'Night run' }).waitFor()
  const program = new URL(page.url()).pathname
  await p.db('identity')`
    update sessions set authenticated_at = authenticated_at - interval '1 hour' where user_id = ${olga.id}`
  const keyForm = page.locator('form').filter({ has: page.getByRole('button', { name: 'Make the key' }) })
  await keyForm.getByRole('textbox', { name: /^Name/ }).fill('Server room')
  await choose(keyForm, 'May', ['Shop: see'])
  await keyForm.getByRole('button', { name: 'Make the key' }).click()
  // Who signed in long ago says first that it is still them; then it goes on.
  const again = page.getByRole('dialog', { name: 'Is it still you?' })
  await again.locator('input[type=password]').fill(password)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The role “Bookkeeper” of the service account does not have shop:read.').waitFor()
  await choose(keyForm, 'May', ['Shop: see', 'Passports: see'])
  await keyForm.getByRole('button', { name: 'Make the key' }).click()
  const first = await secretIn(page, 'Server room')
  const asks = async (key: string) => {
    const answer = await fetch(`${address}/api/passports`, { headers: { authorization: `Bearer ${key}` } })
    return answer.status
  }
  assert.equal(await asks(first), 200)

  // Another secret; the former one is good for the overlap. Then the key is revoked.
  await closeTold(page)
  await pick(page, 'Server room', 'New secret')
  const second = await secretIn(page, 'Server room')
  assert.notEqual(second, first)
  assert.deepEqual([await asks(first), await asks(second)], [200, 200])

  // The role lets do less: at once, for the program too.
  await page.goto(`${address}${tab('roles')}`)
  await page.getByRole('link', { name: 'Bookkeeper' }).click()
  await page.getByRole('heading', { level: 1, name: 'Bookkeeper' }).waitFor()
  const role = new URL(page.url()).pathname
  await choose(page, 'Lets do', ['Passports: see'])
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('tab', { name: 'Roles' }).waitFor()
  assert.equal(await asks(second), 403)
  assert.equal(await page.getByText(second).count(), 0, 'told once')
  await page.goto(address + program)
  await pick(page, 'Server room', 'Revoke')
  assert.equal(await asks(second), 401)

  // An app, with a secret that is told once and changed; then it is gone.
  await page.goto(`${address}${tab('apps')}`)
  await page.getByRole('textbox', { name: /^Name/ }).fill('Fleet planner')
  await page.getByRole('combobox', { name: /^Kind/ }).click()
  await page.getByRole('option', { name: 'Confidential' }).click()
  await page.getByRole('button', { name: /Add.*Return addresses/ }).click()
  await page.getByRole('textbox', { name: /^1/ }).fill('https://fleet.example.com/callback')
  await choose(page, 'May', ['Who somebody is'])
  await page.getByRole('button', { name: 'Register the app' }).click()
  const secret = await secretIn(page, 'Fleet planner')
  const { id: other } = await olga.api.get(201, 'POST /api/auth/organisations', { name: 'Other GmbH' })
  const listed = await Promise.all(
    [id, other].map(one => olga.api.get(200, `GET /api/auth/clients?organisationId=${one}`)),
  )
  assert.deepEqual(
    listed.map(({ items }) => items.length),
    [1, 0],
  )
  await closeTold(page)
  await pick(page, 'Fleet planner', 'New secret')
  assert.notEqual(await secretIn(page, 'Fleet planner'), secret)

  // Domains and the directory.
  await page.goto(`${address}${tab('sign-in')}`)
  await page.getByRole('textbox', { name: /^Domain/ }).fill('voltaic.example')
  await page.getByRole('button', { name: 'Add the domain' }).click()
  await page.getByText('_ohmnibus.voltaic.example').waitFor()
  await page.getByRole('button', { name: 'Make the token' }).click()
  assert.match(await secretIn(page, 'ohm_scim_'), /^ohm_scim_/)

  await olga.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  for (const [path, name, ready] of [
    [tab('roles'), 'team-roles', '.rows'],
    [role, 'team-role', 'form'],
    [tab('programs'), 'team-programs', '.rows'],
    [program, 'team-program', '.empty'],
    [tab('apps'), 'team-apps', '.rows'],
    [tab('sign-in'), 'team-sign-in', '.rows >> nth=1'],
  ] as const)
    await lookAllOver(town, olga, path, name, ready)
  await olga.api.get(200, 'PATCH /api/auth/profile', { locale: 'en' })

  await page.goto(`${address}${tab('apps')}`)
  await pick(page, 'Fleet planner', 'Remove')
  await page.goto(address + role)
  await page.getByRole('combobox', { name: 'Who has it becomes' }).waitFor()
  await page.getByRole('button', { name: 'Remove the role' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the role' }).click()
  await page.getByRole('tab', { name: 'Roles' }).waitFor()
  const { items } = await olga.api.get(200, `GET /api/auth/organisations/${id}/service-accounts`)
  assert.deepEqual([items[0].role, items[0].customRole], ['viewer', undefined])
  await page.context().close()
}

/** Chooses these of a list of words, or takes them away again. */
async function choose(within: Pick<Page, 'getByRole'> & { page?: () => Page }, field: string, options: string[]) {
  const page = within.page?.() ?? (within as Page)
  // The field lies below what was chosen.
  await within.getByRole('combobox', { name: field }).click({ force: true })
  for (const name of options) await page.getByRole('option', { name, exact: true }).click()
  await page.keyboard.press('Escape')
}

/** Does something to one row, as it is confirmed. */
async function pick(page: Page, row: string, act: string): Promise<void> {
  await page.getByRole('checkbox', { name: new RegExp(row) }).check()
  await page.getByRole('button', { name: act, exact: true }).click()
  await page.getByRole('button', { name: /Do it/ }).click()
  await page.getByText('1 done').first().waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
}

/** The secret that is told once. */
async function secretIn(page: Page, name: string): Promise<string> {
  const told = page.getByRole('alert').filter({ hasText: `Told this once: ${name}` })
  return (await told.locator('.told').last().textContent())!.trim()
}

const closeTold = (page: Page): Promise<void> =>
  page.getByRole('alert').filter({ hasText: 'Told this once' }).getByRole('button', { name: 'Close' }).click()
