import { Group } from '@mantine/core'
import { base } from '../../api/base.ts'
import { fill, useTexts } from '../../texts/texts.tsx'

/** Photos are documents of the same ids; each opens as large as it is. */
export function Photos({ ids }: { ids: readonly string[] }) {
  const { field } = useTexts()
  return (
    <Group gap="xs">
      {ids.map((id, at) => {
        const file = `${base}/api/documents/${id}?download=1`
        return (
          <a key={id} href={file} target="_blank" rel="noreferrer">
            <img src={file} alt={fill(field.photo, { number: at + 1 })} className="photo" loading="lazy" />
          </a>
        )
      })}
    </Group>
  )
}
