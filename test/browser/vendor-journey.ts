import type { TestContext } from 'node:test'
import { look, type Town } from './people.ts'

/** J12, its beginning: from the question to be let in to the first file of products. */
export async function comingIn(_: TestContext, town: Town): Promise<void> {
  const { at, admin, person, p } = town
  const vera = await person('Vera')

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

  // Products come as a file whose wrong lines are told before anything is changed.
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
  for (const page of [applying, queue, vendor]) await page.context().close()
}
