import type { ConnectorStandard } from '#contracts/stations'

/** Connectors as people call them; others by their name in OCPI. */
export const plugs: Partial<Record<ConnectorStandard, string>> = {
  IEC_62196_T2_COMBO: 'CCS (Combo 2)',
  IEC_62196_T2: 'Typ 2 / Type 2',
  CHADEMO: 'CHAdeMO',
  SAE_J3400: 'NACS (J3400)',
  IEC_62196_T1_COMBO: 'CCS (Combo 1)',
  IEC_62196_T1: 'Typ 1 / Type 1',
}
