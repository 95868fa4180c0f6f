import about from '../package.json' with { type: 'json' }

/** Of this platform. */
export const { version } = about
