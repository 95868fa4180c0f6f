import { Read } from '../../blocks/data.tsx'
import { plain } from '../../blocks/plain.ts'
import { Short } from '../../blocks/short.tsx'
import { useTexts } from '../../texts/texts.tsx'

/** Who knocks and is not let in, and why: that is what somebody who sets up a charger cannot see there. */
export function Attempts() {
  const texts = useTexts()
  const named = texts.charging.refusals as Record<string, string>
  return (
    <Read path="/api/ocpp/attempts" every={3_000}>
      {({ items }) =>
        items.length > 0 && (
          <Short
            name={texts.charging.attempts}
            rows={items}
            columns={[
              { id: 'identity' },
              {
                id: 'reason',
                cell: ({ code, detail }) => (
                  <>
                    {named[code] ?? code} <span lang="en">{detail}</span>
                  </>
                ),
              },
              ...plain('address tries lastAt:instant'),
            ]}
          />
        )
      }
    </Read>
  )
}
