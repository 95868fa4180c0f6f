import Type from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  EVENT_RETENTION: Type.Optional(Setting.duration('How long handled events stay in the event log (for ever).')),
})
