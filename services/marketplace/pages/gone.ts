import { html, sendPage, type Reply } from '#kernel'
import { topOf, type Frame } from '#shop/frame'
import { onwardOf } from './parts.ts'
import { texts } from './words.ts'

/** What is not in the shop. */
export function gone(reply: Reply, frame: Frame): Reply {
  const { unknown } = texts[frame.language]
  return sendPage(reply.header('cache-control', 'no-cache'), 404, {
    language: frame.language,
    title: unknown.title,
    look: frame.look,
    top: topOf(frame),
    body: html`<p>${unknown.text}</p>`,
    onward: onwardOf(frame.language),
  })
}
