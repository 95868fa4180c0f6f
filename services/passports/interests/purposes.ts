import Type from 'typebox'
import { policyInForce } from '#law'

/** The purposes of a legitimate interest that somebody has to grant. */
export const purposes = policyInForce.purposes.filter(({ grant }) => grant)

export const Purpose = Type.Enum(
  purposes.map(({ id }) => id),
  {
    examples: ['treatment'],
    description: 'By Art. 77(2) of Regulation (EU) 2023/1542; see `GET /api/passports/policy`',
  },
)
