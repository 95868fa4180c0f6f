import { defineFront } from '#kernel'
import { consolePages } from './console.ts'
import { openDirectory } from './directory.ts'
import { home } from './home.ts'
import { settings } from './host.ts'
import { problems } from './problems.ts'
import { proxy } from './proxy.ts'
import { statements } from './statements.ts'

/** One entry for all: what this process does not serve itself goes to the process that does. */
export const gateway = defineFront({
  name: 'gateway',
  problems,
  folder: import.meta.dirname,
  settings,
  async start(host) {
    home(host)
    statements(host)
    consolePages(host)
    const { peers } = host
    if (peers.services().length === 0) return
    const directory = openDirectory(host)
    // An address that leads nowhere is a fault of the settings; it makes nothing fail that works.
    const standing = async (service: string): Promise<string> =>
      directory.hasHeardOf(service) ? await peers.check(service) : 'not heard of'
    host.reportElsewhere(async () =>
      Object.fromEntries(
        await Promise.all(peers.services().map(async service => [service, await standing(service)] as const)),
      ),
    )
    host.onStop(directory.close)
    proxy(host, directory)
    await directory.open()
  },
})
