import assert from 'node:assert/strict'
import { newId } from '#kernel'
import { allCategories, languages } from '#law'
import { EngineMissing } from '../../tools/engines/recipe.ts'
import { faultsIn, validator } from '../browser/validity.ts'
import { open, published } from '../lattice/cases.ts'
import { line } from './line.ts'

line('page: every language of every category, by the Nu HTML checker of the W3C', async t => {
  const checker = validator()
  if (!checker) throw new EngineMissing('there is no Java, or npm has no vnu-jar; install a Java of 17 or newer')
  const of = await open(t)
  const pages: Record<string, string> = {}
  for (const category of allCategories) {
    const { id } = await published(of, category, { userId: newId() })
    for (const language of Object.keys(languages))
      pages[`${category} ${language}`] = (await of.p.http.inject(`/passport/${id}?lang=${language}`)).body
  }
  assert.deepEqual(faultsIn(checker, pages), [])
  return `${Object.keys(pages).length} pages`
})
