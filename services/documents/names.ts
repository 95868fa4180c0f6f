import { Problem } from '#kernel'
import { essence } from './accepted.ts'

/** Word, Excel and their like: packed XML, or in a container of their own where they are old or have a password. */
const office = /^application\/(zip|x-cfb|vnd\.(openxmlformats-officedocument|oasis\.opendocument|ms-)[\w.+-]+)$/

/**
 * What content a name promises, of those that are told by how they begin without fail. Not those of text: by its
 * beginning a text is taken for many things.
 */
const promised: Readonly<Record<string, RegExp>> = {
  pdf: /^application\/pdf$/,
  png: /^image\/a?png$/,
  jpg: /^image\/jpeg$/,
  jpeg: /^image\/jpeg$/,
  gif: /^image\/gif$/,
  webp: /^image\/webp$/,
  docx: office,
  xlsx: office,
  pptx: office,
  odt: office,
  ods: office,
  odp: office,
}

/** Fails with `document_type_mismatch` where a name promises other content than there is, as `report.pdf` for a picture. */
export function requireNamed(fileName: string, contentType: string, pointer = '/file'): void {
  const extension = /\.(\w+)$/.exec(fileName)?.[1]!.toLowerCase() ?? ''
  const type = essence(contentType)
  if (!Object.hasOwn(promised, extension) || promised[extension]!.test(type)) return
  const detail = `is named .${extension}, and is ${type} by its content`
  throw new Problem('unprocessable', 'document_type_mismatch', {
    detail: `The file ${detail}. Give it a name of what it is, or none at the end.`,
    errors: [{ pointer, detail }],
    extension,
    contentType: type,
  })
}
