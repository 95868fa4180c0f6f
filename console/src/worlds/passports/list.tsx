import { listScreen } from '../../blocks/screens.tsx'
import { list } from './passports.tsx'

export default listScreen(texts => texts.passports.title, list, {
  to: '/passports/new',
  name: texts => texts.passports.new,
})
