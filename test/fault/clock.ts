import { readFileSync } from 'node:fs'

/**
 * Loaded into a process before the platform (`--import`): its clock is wrong by as many milliseconds as the file says
 * that `CLOCK_ERROR_FILE` names, from one moment to the next. Timers and `performance` go on as they did, as those of a
 * machine whose clock is put right.
 */
const file = process.env.CLOCK_ERROR_FILE!
let error = 0
setInterval(() => {
  try {
    error = Number(readFileSync(file, 'utf8'))
  } catch {} // nobody has touched it
}, 20).unref()

const right = Date
const now = (): number => right.now() + error
globalThis.Date = new Proxy(right, {
  construct: (target, values: [], made) => Reflect.construct(target, values.length > 0 ? values : [now()], made),
  apply: () => new right(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
