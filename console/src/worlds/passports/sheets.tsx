import { notifications } from '@mantine/notifications'
import { answerTo } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { save } from '../../blocks/list/export.ts'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'

/** Sheets of codes as files, up to a thousand codes each, every one read again before it leaves. */
export function SheetsButton({ orders }: { orders: readonly object[] }) {
  const texts = useTexts()
  const number = new Intl.NumberFormat(useLanguage())
  const print = async (): Promise<void> => {
    let labels = 0
    for (const order of orders) {
      let after: string | undefined
      do {
        const response = await answerTo('POST', '/api/passports/labels', {
          body: { ...order, ...(after && { after }) },
        })
        labels += Number(response.headers.get('x-labels'))
        save(await response.blob(), `labels-${labels}.pdf`)
        after = response.headers.get('x-next') ?? undefined
      } while (after)
    }
    notifications.show({ message: fill(texts.items.labelled, { count: number.format(labels) }), autoClose: false })
  }
  return <ActButton act={{ name: t => t.items.labels, run: print }} disabled={orders.length === 0} />
}
