import { beginActing } from '../../api/acting.ts'
import { ask } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { nameOf } from '../../texts/texts.tsx'

/** Acts in the place of somebody, for a reason that they are told. */
export const ActAs = ({ id }: { id: string }) => (
  <ActButton
    act={{
      name: t => t.account.act,
      warns: t => t.account.actText,
      asks: t => nameOf(t, 'reason'),
      run: async said => {
        const reason = said.replaceAll('\n', ' ')
        const { data } = await ask<{ accessToken: string }>('POST', `/api/auth/users/${id}/act`, { body: { reason } })
        beginActing(data.accessToken)
      },
    }}
  />
)
