import { LRUCache } from 'lru-cache'
import { html, trusted, type Html } from './html.ts'

/** Who wrote a text: what readers send in recommends nothing to search engines. */
export type Writer = 'editor' | 'reader'

let loaded: ReturnType<typeof load> | undefined

/** Loaded with the first text: most processes show none. */
async function load() {
  const [{ default: MarkdownIt }, { default: sanitize }] = await Promise.all([
    import('markdown-it'),
    import('sanitize-html'),
  ])
  const md = new MarkdownIt({ linkify: false, typographer: false })
  // The page has the first heading; those of a text begin with the second, whichever they begin with, and can be linked to.
  md.core.ruler.push('headings', ({ tokens }) => {
    const taken = new Set<string>()
    const first = Math.min(...tokens.filter(({ tag }) => /^h[1-6]$/.test(tag)).map(({ tag }) => Number(tag[1])))
    for (const [index, token] of tokens.entries()) {
      if (token.type !== 'heading_open' && token.type !== 'heading_close') continue
      token.tag = `h${Math.min(6, Number(token.tag[1]) + 2 - first)}`
      if (token.type === 'heading_open') token.attrSet('id', anchorOf(tokens[index + 1]!.content, taken))
    }
  })
  return { md, sanitize }
}

/** As headings are linked to: letters and digits of any script, each name once. */
function anchorOf(text: string, taken: Set<string>): string {
  const name =
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 80) || 'section'
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`
  taken.add(free)
  return free
}

const tags = 'h2 h3 h4 h5 h6 p a ul ol li blockquote pre code em strong s hr br img table thead tbody tr th td'.split(
  ' ',
)

/** A text as a page shows it. */
interface Shown {
  readonly html: Html
  /** Those of the second rank. */
  readonly headings: readonly Heading[]
}
export interface Heading {
  readonly text: string
  readonly anchor: string
}

/**
 * Markdown (CommonMark, tables and strikethrough) as HTML that may stand in a page: HTML in it is text, links lead to the
 * web, to mail and to paths of ours, pictures are ours. Takes texts of 100,000 characters at most.
 */
export const markdown = async (text: string, by: Writer = 'editor'): Promise<Html> => (await show(text, by)).html

/** The headings of the second rank in what an editor wrote, with what links to them. */
export const headingsOf = async (text: string): Promise<readonly Heading[]> => (await show(text, 'editor')).headings

/** To make one is the dear part of a page, and the same for everybody. */
const lately = new LRUCache<string, Promise<Shown>>({ maxSize: 4_000_000, sizeCalculation: (_, { length }) => length })

async function show(text: string, by: Writer): Promise<Shown> {
  const key = `${by} ${text}`
  const shown = lately.get(key) ?? make(text, by)
  lately.set(key, shown)
  // What could not be made once may be the next time.
  return await shown.catch(error => (lately.delete(key), Promise.reject(error)))
}

async function make(text: string, by: Writer): Promise<Shown> {
  const { md, sanitize } = await (loaded ??= load())
  const env = {}
  const tokens = md.parse(text.slice(0, 100_000), env)
  const clean = sanitize(md.renderer.render(tokens, md.options, env), {
    allowedTags: tags,
    allowedAttributes: {
      a: ['href', 'rel'],
      img: ['src', 'alt', 'width', 'height', 'loading'],
      ol: ['start'],
      ...Object.fromEntries(['h2', 'h3', 'h4', 'h5', 'h6'].map(tag => [tag, ['id']])),
    },
    allowedSchemes: ['https', 'http', 'mailto'],
    allowedSchemesByTag: { img: [] },
    allowProtocolRelative: false,
    transformTags: {
      a: (tagName, attribs) => ({
        tagName,
        attribs: { ...attribs, ...(by === 'reader' && { rel: 'ugc nofollow noopener' }) },
      }),
      img: (tagName, attribs) => ({ tagName, attribs: { ...attribs, loading: 'lazy' } }),
    },
    exclusiveFilter: ({ tag, attribs }) => tag === 'img' && !attribs.src,
  })
  return {
    html: by === 'reader' ? html`<bdi>${trusted(clean)}</bdi>` : trusted(clean),
    headings: tokens.flatMap((token, index) =>
      token.type === 'heading_open' && token.tag === 'h2'
        ? [{ text: tokens[index + 1]!.content, anchor: String(token.attrGet('id')) }]
        : [],
    ),
  }
}
