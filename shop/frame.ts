import Type, { type Static } from 'typebox'
import { html, lookOf, Setting, type Html, type Language, type Look, type Texts } from '#kernel'
import { sheetOf } from './sheet.ts'

/** How the shop is called and looks, for every service that has pages of it. */
export const shopSettings = {
  SHOP_NAME: Setting.text('What the shop is called on its pages.', { default: 'Ohmnibus' }),
  SHOP_LOGO: Type.Optional(
    Setting.text('Path of a picture on this site that stands before the name, like /logo.svg.', {
      pattern: '^/[^/"\\s][^"\\s]*$',
      form: 'a path like /logo.svg',
    }),
  ),
  SHOP_LOGO_FILE: Type.Optional(
    Setting.text('A file with that picture instead, which is then served at /shop/logo with the ending of its name.', {
      pattern: '\\.(svg|png|webp|avif|jpg)$',
      form: 'a file that ends with .svg, .png, .webp, .avif or .jpg',
    }),
  ),
  SHOP_COLOUR: Setting.text('Colour of links and buttons of the shop where it is light.', {
    default: '#0a56b8',
    pattern: '^#[0-9a-fA-F]{6}$',
    form: 'a colour like #0a56b8',
  }),
  SHOP_COLOUR_DARK: Setting.text('Colour of links and buttons of the shop where it is dark.', {
    default: '#8fbcff',
    pattern: '^#[0-9a-fA-F]{6}$',
    form: 'a colour like #8fbcff',
  }),
}
const Settings = Type.Object(shopSettings)

/** What every page of the shop has. */
export interface Frame {
  readonly language: Language
  /** Before every path of ours. */
  readonly base: string
  /** Whole, without a slash at the end. */
  readonly origin: string
  readonly name: string
  readonly logo: string | undefined
  readonly look: Look
}

/** Where the picture of `SHOP_LOGO_FILE` is. */
export const logoAt = (file: string): string => `/shop/logo${file.slice(file.lastIndexOf('.'))}`

/** Made once, at the start: frames of pages in each language. */
export function framesOf({
  settings,
  platform,
}: {
  settings: Static<typeof Settings>
  platform: { publicUrl: string }
}): (language: Language) => Frame {
  const { SHOP_NAME: name, SHOP_LOGO, SHOP_LOGO_FILE, SHOP_COLOUR, SHOP_COLOUR_DARK } = settings
  const about = {
    base: new URL(platform.publicUrl).pathname.replace(/\/$/, ''),
    origin: platform.publicUrl,
    name,
    logo: SHOP_LOGO_FILE === undefined ? SHOP_LOGO : logoAt(SHOP_LOGO_FILE),
    look: lookOf(sheetOf(SHOP_COLOUR, SHOP_COLOUR_DARK)),
  }
  return language => ({ ...about, language })
}

const words: Texts<{ search: string; find: string; cart: string }> = {
  en: { search: 'Search the shop', find: 'Find', cart: 'Cart' },
  de: { search: 'Im Shop suchen', find: 'Finden', cart: 'Warenkorb' },
}

const brandOf = ({ base, name, logo }: Frame): Html => html`${logo && html`<img src="${base + logo}" alt="" />`}${name}`

/** The name of the shop, a search, and the way to the cart. */
export function topOf(frame: Frame, search = ''): Html {
  const { search: label, find, cart } = words[frame.language]
  return html`<header class="top">
    <div>
      <a href="/shop">${brandOf(frame)}</a>
      <form role="search" action="/shop">
        <input
          type="search"
          name="search"
          value="${search}"
          aria-label="${label}"
          placeholder="${label}"
          maxlength="200"
        />
        <button>${find}</button>
      </form>
      <a href="/cart">${cart}</a>
    </div>
  </header>`
}

/** The name alone, where nothing shall lead away. */
export const nameOf = (frame: Frame): Html =>
  html`<header class="top">
    <div><strong>${brandOf(frame)}</strong></div>
  </header>`
