import { List } from '../../blocks/list/list.tsx'
import { documentsOf, Upload } from './documents.tsx'

/** Those of a passport, and one more. */
export default function DocumentsOf({ id }: { id: string }) {
  return (
    <>
      <Upload passportId={id} />
      <List list={documentsOf({ passportId: id })} embedded />
    </>
  )
}
