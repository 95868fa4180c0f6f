import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { until } from '../kernel/toys.ts'
import { home } from '../journeys/shop.ts'
import { look, password, type Town } from './people.ts'

/** J12: from the question to be let in to the payout that a second person lets go. */
export async function firstMonth(_: TestContext, town: Town): Promise<void> {
  const { address, at, admin, person, p, strike } = town
  const [vera, bert] = [await person('Vera'), await person('Bert')]

  // Who sells says who they are, step by step.
  const applying = await at(vera, '/console/vendor')
  await applying.getByRole('link', { name: 'Who sells, as invoices have it' }).click()
  await applying.getByRole('textbox', { name: /^Name/ }).fill('Voltwerk GmbH')
  await applying.getByRole('textbox', { name: /^Street/ }).fill('Ringstr. 5')
  await applying.getByRole('textbox', { name: /^Postal code/ }).fill('10115')
  await applying.getByRole('textbox', { name: /^Town/ }).fill('Berlin')
  await applying.getByRole('textbox', { name: /^Country/ }).fill('DE')
  await applying.getByRole('button', { name: 'Save' }).click()
  await applying.getByRole('link', { name: 'Who you are, in the shop' }).click()
  await applying.getByRole('textbox', { name: /^Name/ }).fill('Voltwerk')
  await applying.getByRole('textbox', { name: /^Description/ }).fill('Wallboxes from Regensburg.')
  await applying.getByRole('textbox', { name: /^E-mail/ }).fill('shop@example.com')
  await applying.getByRole('textbox', { name: /IBAN/ }).fill('DE89 3704 0044 0532 0130 00')
  await applying.getByRole('textbox', { name: /^Account holder/ }).fill('Voltwerk GmbH')
  await applying.getByRole('checkbox', { name: 'I accept the terms' }).check()
  const extract = { name: 'register.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\nextract') }
  await applying.locator('input[type=file]').setInputFiles(extract)
  await applying.getByRole('button', { name: 'Upload' }).click()
  await applying.getByText('1 uploaded').waitFor()
  await applying.getByRole('button', { name: 'Save' }).click()
  const ask = applying.getByRole('button', { name: 'Ask to be let in' })
  await ask.waitFor()
  await look(applying, 'J12-checklist')
  await ask.click()
  await ask.waitFor({ state: 'detached' })

  // An admin works through what waits by keys: j to the row, r to refuse with a reason, a to let in.
  const queue = await at(admin, '/console/vendors/applications')
  await queue.getByRole('row', { name: /Voltwerk/ }).waitFor()
  await look(queue, 'J12-queue')
  await queue.keyboard.press('j')
  await queue.keyboard.press('r')
  const dialog = queue.getByRole('dialog', { name: 'Reject' })
  await dialog.getByRole('textbox').waitFor()
  await queue.keyboard.type('The extract is of another company.')
  await queue.keyboard.press('Tab')
  await queue.keyboard.press('Enter')
  await dialog.getByText('1 done').first().waitFor()
  await queue.keyboard.press('Escape')
  await applying.reload()
  await applying.getByText('The extract is of another company.').waitFor()
  await ask.click()
  await ask.waitFor({ state: 'detached' })
  await queue.reload()
  await queue.getByRole('row', { name: /Voltwerk/ }).waitFor()
  await queue.keyboard.press('j')
  await queue.keyboard.press('a')
  await queue.getByRole('dialog', { name: 'Approve' }).getByRole('button', { name: 'Do it for 1' }).waitFor()
  await queue.keyboard.press('Enter')
  await queue.getByText('1 done').first().waitFor()
  await p.settle()

  // Products come as a file whose wrong lines are told, and then without them.
  const vendor = await at(vera, '/console/products')
  await vendor.getByRole('button', { name: 'Import' }).first().click()
  const files = vendor.getByRole('dialog', { name: 'Import' })
  const upload = async (...lines: string[]): Promise<void> => {
    const text = ['sku,name,price,currency,stock,weightG', ...lines].join('\r\n')
    await files.locator('input[type=file]').setInputFiles({
      name: 'products.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    })
    await files.getByRole('button', { name: 'Try it' }).click()
    await p.settle()
  }
  const good = ['WB-11,Wallbox 11 kW,499.00,EUR,25,4200', 'CB-5,Charging cable,89.90,EUR,40,1500']
  await upload(...good, 'WB-22,Wallbox 22 kW,a lot,EUR,5,5200', 'WB-33,,10.00,EUR,1,1')
  await files.getByText(/It would create 2, .*2 are wrong/).waitFor()
  await look(vendor, 'J12-wrong-lines')
  await upload(...good)
  await files.getByRole('button', { name: 'Take over 2' }).click()
  await p.settle()
  await files.getByText(/2 created/).waitFor()
  await files.getByRole('button', { name: 'Close' }).last().click()
  await queue.goto(`${address}/console/products?status=pending`)
  await queue.getByRole('row', { name: /Charging cable/ }).waitFor()
  for (const key of ['j', 'x', 'j', 'x', 'a']) await queue.keyboard.press(key)
  await queue.getByRole('dialog', { name: 'Approve' }).getByRole('button', { name: 'Do it for 2' }).waitFor()
  await queue.keyboard.press('Enter')
  await queue.getByText('2 done').first().waitFor()
  await p.settle()

  // Variants, as they are copied from a spreadsheet: tried, undone, mended, taken over.
  await vendor.goto(`${address}/console/products`)
  await vendor.getByRole('link', { name: 'Wallbox 11 kW' }).click()
  await vendor.getByRole('tab', { name: 'Variants' }).click()
  const cell = vendor.getByRole('textbox', { name: 'SKU, row 1' })
  await cell.waitFor()
  const copied = [
    ['SKU', 'Price', 'Currency', 'Stock', 'Options (name=value|…)'],
    ['WB-11', '479.00', 'EUR', '20', 'Cable=5 m'],
    ['WB-11-7', '529.00', 'EUR', 'many', 'Cable=7.5 m'],
  ].map(cells => cells.join('\t'))
  await cell.evaluate((element, text) => {
    // Of the browser, which has other names than this process.
    const { DataTransfer, ClipboardEvent } = globalThis as any
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', text)
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, copied.join('\n'))
  await vendor.getByRole('button', { name: 'Try it' }).click()
  await p.settle()
  const wrong = vendor.getByRole('textbox', { name: 'Stock, row 2' })
  await until(async () => (await wrong.getAttribute('aria-invalid')) === 'true')
  await look(vendor, 'J12-sheet')
  await wrong.fill('8')
  await vendor.getByRole('button', { name: 'Try it' }).click()
  await p.settle()
  await vendor.getByRole('button', { name: 'Take over 2' }).click()
  await p.settle()
  await until(async () => {
    const { items } = await vera.api.get(200, 'GET /api/marketplace/products?search=wallbox')
    return items.some((one: { price: number }) => one.price === 47_900)
  })

  // Somebody buys, it is sent, and a part of the money goes back.
  const { items } = await bert.api.get(200, 'GET /api/marketplace/products?search=wallbox')
  const wallbox = items.find(({ name }: { name: string }) => name === 'Wallbox 11 kW')
  const { variants, id: productId } = await bert.api.get(200, `GET /api/marketplace/products/${wallbox.id}`)
  await bert.api.get(201, 'POST /api/cart/items', { productId, variantId: variants[0].id, quantity: 1 })
  const order = await bert.api.get(201, 'POST /api/orders', { billingAddress: { ...home, email: bert.email } })
  const { page: till } = await bert.api.get(200, `POST /api/orders/${order.id}/payment`)
  const body = new URLSearchParams({ gesture: 'approve' })
  const headers = { origin: new URL(till).origin }
  assert.ok((await fetch(till, { method: 'POST', body, headers, redirect: 'manual' })).status < 400)
  await p.settle()
  await vendor.goto(`${address}/console/sales`)
  await vendor.getByRole('row').nth(1).getByRole('link').first().click()
  await vendor.getByRole('button', { name: 'Say that it is sent' }).click()
  await vendor.getByRole('dialog').getByRole('textbox', { name: 'Carrier' }).fill('DHL')
  await vendor.getByRole('dialog').getByRole('button', { name: 'Say that it is sent' }).click()
  await vendor.getByText('On its way').first().waitFor()
  await vendor.getByRole('button', { name: 'Give money back' }).click()
  await vendor
    .getByRole('dialog')
    .getByRole('textbox', { name: /^Reason/ })
    .fill('Arrived with a scratch')
  await vendor
    .getByRole('dialog')
    .getByRole('textbox', { name: /^Amount/ })
    .fill('1000')
  await vendor.getByRole('dialog').getByRole('button', { name: 'Give money back' }).click()
  await vendor.getByRole('dialog').waitFor({ state: 'detached' })
  await vendor.getByText('€10.00').first().waitFor()
  await look(vendor, 'J12-order')
  const { items: parcels } = await bert.api.get(200, `GET /api/orders/${order.id}/shipments`)
  await bert.api.get(200, `POST /api/orders/${order.id}/shipments/${parcels[0].id}/delivered`)
  await p.settle()
  await strike(/^settle/)

  // What is theirs has its postings, adds up, and leaves once a second person agrees.
  await vendor.goto(`${address}/console/vendor/earnings`)
  await vendor.getByRole('button', { name: 'Pending' }).click()
  await vendor.getByRole('row', { name: /Sale/ }).first().waitFor()
  const left = vendor.getByRole('row', { name: /Beginning and movements less end/ })
  assert.match(await left.innerText(), /^\D*(€0\.00\D*){5}$/)
  await look(vendor, 'J12-statement')
  await vendor.getByRole('button', { name: 'Have it paid out' }).click()
  await vendor.getByRole('dialog').getByRole('button', { name: 'Have it paid out' }).click()
  await vendor.getByText('Asked for', { exact: false }).last().waitFor()
  // As a vendor they have another token than before.
  vera.api.use(await vera.api.get(200, 'POST /api/auth/login', { email: vera.email, password }))
  const payout = async () => (await vera.api.get(200, 'GET /api/vendors/payouts')).items[0]
  await until(async () => (await payout().catch(() => undefined))?.status === 'requested')
  const paying = await at(admin, '/console/market/payouts')
  await paying.getByRole('row', { name: /Voltwerk GmbH/ }).waitFor()
  await paying.keyboard.press('j')
  await paying.keyboard.press('a')
  await paying.getByRole('dialog').getByRole('button', { name: 'Do it for 1' }).waitFor()
  await look(paying, 'J12-second-person')
  await paying.keyboard.press('Enter')
  await paying.getByText('1 done').first().waitFor()
  await until(async () => (await payout()).status === 'approved')
  for (const page of [applying, queue, vendor, paying]) await page.context().close()
}
