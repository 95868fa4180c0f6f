import Type from 'typebox'
import { Setting, type Host, type Tx } from '#kernel'

export const settings = Type.Object({
  ANALYTICS_TIME_ZONE: Setting.text(
    'Time zone of the days that figures are kept by, for long spans; another one holds from the next rebuild on.',
    {
      default: 'UTC',
      pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$',
      form: 'like Europe/Berlin',
    },
  ),
})

/** What this service has of the world. */
export type AnalyticsHost = Host<'analytics', never, typeof settings>
export type AnalyticsTx = Tx<'analytics'>
