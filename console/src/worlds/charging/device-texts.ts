import { devices as de } from '../../texts/de-devices.ts'
import { devices as en } from '../../texts/en-devices.ts'
import { useLanguage } from '../../texts/texts.tsx'

/** What is said of chargers as devices: it comes with these screens, and not with the first. */
export const useDeviceTexts = () => ({ en, de })[useLanguage()]
