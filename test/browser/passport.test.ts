import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newId } from '#kernel'
import { allCategories, languages } from '#law'
import { open } from '../../services/passports/testing.ts'
import { findingsOf } from './axe.ts'
import { open as openAll, published } from '../lattice/cases.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

const long = 'x'.repeat(120)
const identifier = `https://id.example.com/01/09506000134352/21/A%28B%29`
const attributes = {
  uniqueBatteryIdentifier: { value: identifier },
  batteryModelIdentifier: { value: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft' },
  batteryCategory: { value: 'LMT' },
  batteryMass: { value: '1234567.890', unit: 'kg' },
  initialInternalResistance: { value: { pack: { value: '48.0', unit: 'mΩ' }, cell: { value: '1.20', unit: 'mΩ' } } },
  manufacturerInformation: { value: { name: long, web: `https://example.com/${long}`, email: 'a@example.com' } },
  batteryChemistry: { value: { clearName: `Lithium ${long}` } },
  euDeclarationOfConformity: { value: { title: long, url: `https://example.com/${long}.pdf` } },
  symbolsForCadmiumAndLead: { value: 'Cd, Pb' },
}

test(
  'the page behind a code fits 320 px, 400 % zoom and paper in every language, and the way back from another language leads back',
  { skip, timeout: 300_000 },
  async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ attributes })
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    const address = `${await p.listen()}/passport/${id}`
    const browser = await openChromium(t)

    // Zoomed four times a window of 1280 × 1024 has so many pixels of CSS (WCAG 2.2, 1.4.10).
    const context = await browser.newContext({ viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 })
    const page = await context.newPage()
    for (const language of Object.keys(languages)) {
      await page.goto(`${address}?lang=${language}`)
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
      assert.ok(wide <= 320, `${language}: ${wide} px`)
    }
    await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' })
    await page.goto(`${address}?lang=el`)
    assert.deepEqual(await findingsOf(page), [], 'in the colours of who looks at it')
    await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light' })

    // Another language, and back.
    await page.goto(`${address}?lang=en`)
    await page.getByRole('link', { name: languages.mt, exact: true }).click()
    await page.waitForURL(/lang=mt/)
    assert.equal(await page.locator('html').getAttribute('lang'), 'mt')
    await page.goBack()
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.goForward()
    assert.equal(await page.locator('html').getAttribute('lang'), 'mt')

    // On paper nothing is cut off, and no way to elsewhere is shown.
    await page.emulateMedia({ media: 'print' })
    assert.equal(await page.locator('nav').isVisible(), false)
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-page-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'page.pdf')
    await page.pdf({ format: 'A4', path })
    await context.close()
    const { status, stdout } = spawnSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' })
    if (status !== 0) return t.diagnostic('there is no pdftotext here, so what was printed was not read')
    const printed = stdout.replace(/\s+/g, '')
    for (const text of [identifier, `Lithium${long}`, '48.0mΩ', '1.20mΩ', 'kg'])
      assert.ok(printed.includes(text.replace(/\s+/g, '')), `${text} in ${stdout}`)
    assert.ok(stdout.split('\f').length <= 6, 'on a few sheets')
  },
)

test(
  'in every language and of every category the page stands without scripts, asks for itself alone, and is accessible',
  { skip, timeout: 300_000 },
  async t => {
    const of = await openAll(t)
    const origin = await of.p.listen()
    const browser = await openChromium(t)
    const viewport = { width: 360, height: 780 }
    const reader = await browser.newContext({ javaScriptEnabled: false, viewport })
    // What its reader sees has scripts off; axe-core is a script.
    const [page, examined] = [await reader.newPage(), await (await browser.newContext({ viewport })).newPage()]
    const asked: string[] = []
    for (const one of [page, examined]) one.on('request', request => void asked.push(request.url()))
    const tags = Object.keys(languages)
    for (const [at, category] of allCategories.entries()) {
      const { id } = await published(of, category, { userId: newId() })
      // Each language with some category, each category in some languages: what it says is read in all of them elsewhere.
      for (const language of tags.filter((_, index) => index % allCategories.length === at)) {
        const name = `${category} ${language}`
        const address = `${origin}/passport/${id}?lang=${language}`
        asked.length = 0
        assert.equal((await page.goto(address))!.status(), 200, name)
        assert.equal(await page.locator('html').getAttribute('lang'), language)
        assert.ok((await page.locator('main').innerText()).length > 500, name)
        assert.deepEqual(await reader.cookies(), [], name)
        await examined.goto(address)
        assert.deepEqual(await findingsOf(examined), [], name)
        assert.deepEqual(asked, [address, address], name)
      }
    }
  },
)
