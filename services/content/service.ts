import {
  ApplicationReceived,
  ApplicationRemoved,
  ArticleChanged,
  ArticlePublished,
  ArticleWithdrawn,
} from '#contracts/content'
import { UserDeleted } from '#contracts/identity'
import { defineService } from '#kernel'
import { articleRoutes } from './articles/routes.ts'
import { forgetReader } from './articles/store.ts'
import { publishDue } from './articles/working.ts'
import { needs, settings } from './host.ts'
import { followFiling, forgetApplications, type RemoveFile } from './jobs/applying.ts'
import { jobRoutes } from './jobs/routes.ts'
import { applicationPages } from './pages/applications.ts'
import { feeds } from './pages/feeds.ts'
import { pages } from './pages/pages.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'

/** What readers are told: posts, help, tutorials and jobs. */
export const content = defineService({
  name: 'content',
  about: 'Content: posts, help, tutorials and jobs, written in Markdown and read at pages without a script.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  settings,
  publishes: [ArticlePublished, ArticleChanged, ArticleWithdrawn, ApplicationReceived, ApplicationRemoved],
  start(host) {
    const removeFile: RemoveFile = host.job('remove file', async ({ fileKey }) => host.files.remove(fileKey))
    articleRoutes(host)
    jobRoutes(host, removeFile)
    pages(host)
    applicationPages(host)
    feeds(host)
    followFiling(host, removeFile)
    host.on(
      UserDeleted,
      { id: 'reader-gone', purpose: 'forget how far somebody was in tutorials', from: 'beginning' },
      async ({ userId }, tx) => forgetReader(tx, userId),
    )
    host.every('30 seconds', 'publish what is due', () => publishDue(host))
    host.every('1 hour', 'delete applications that were kept long enough', () => forgetApplications(host, removeFile))
  },
})
