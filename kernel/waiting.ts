/** Ends as `work` does, or fails with `late` after `ms`; what `work` began goes on, and nobody hears of its end. */
export async function inTime<T>(ms: number, work: () => PromiseLike<T> | T, late = tooLate(ms)): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), ms)
  try {
    return await Promise.race([work(), promise])
  } finally {
    clearTimeout(timer)
  }
}

const tooLate = (ms: number) => (): unknown => new Error(`it took longer than ${ms} ms`)

/** Work that is done one at a time, however many ask for it. */
export interface Wakeable {
  /**
   * Has it done from its beginning, after what is under way; resolves when nobody wants it any more, and fails as it
   * does.
   */
  wake(): Promise<void>
  /** Resolves when nothing is under way, however that ends. */
  idle(): Promise<void>
}

/** `work` that answers true is done again at once. */
export function wakeable(work: () => Promise<boolean | void>): Wakeable {
  let wanted = false
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    try {
      while (wanted) {
        wanted = false
        if (await work()) wanted = true
      }
    } finally {
      // Together with the last look at `wanted`: nobody may come in between.
      running = undefined
    }
  }

  return {
    wake() {
      wanted = true
      // A turn later: one that ends at once would be taken for one at work for ever.
      return (running ??= Promise.resolve().then(run))
    },
    async idle() {
      await running?.catch(() => {})
    },
  }
}
