/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A seed to print and to give again: from the environment, else any. */
export const seedFrom = (text: string | undefined): number => (text ? Number(text) : Math.floor(Math.random() * 1e9))

export const pick = <T>(random: () => number, among: readonly T[]): T => among[Math.floor(random() * among.length)]!
