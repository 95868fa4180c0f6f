import { Kbd, Modal, Table } from '@mantine/core'
import { useTexts } from '../texts/texts.tsx'

/** What keys do here: comes when it is asked for. */
export default function KeysShown({ letters, close }: { letters: ReadonlyMap<string, string>; close: () => void }) {
  const texts = useTexts()
  const rows: [string, string][] = [
    ['Ctrl K', texts.shell.search],
    ['/', texts.list.filter],
    ['Ctrl S', texts.form.save],
    ...[...letters].map(([letter, path]): [string, string] => [`g ${letter}`, path]),
  ]
  return (
    <Modal opened onClose={close} title={texts.shell.keysOf}>
      <Table>
        <Table.Tbody>
          {rows.map(([keys, what]) => (
            <Table.Tr key={keys}>
              <Table.Th scope="row">
                <Kbd>{keys}</Kbd>
              </Table.Th>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
