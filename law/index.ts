export {
  attributeOf,
  attributes,
  mayStandOn,
  rangeOf,
  type Attribute,
  type Granularity,
  type Level,
  type Point,
  type ValueType,
} from './attributes.ts'
export {
  countFor,
  mayProve,
  mayPublish,
  openDocuments,
  others,
  own,
  pointOf,
  pointOfDocument,
  policy,
  provedBy,
  reachOf,
  sees,
  seesDocument,
  type Audience,
  type Evidence,
  type OpenDocuments,
  type Other,
  type Reach,
} from './audience.ts'
export { allCategories, categoryOf, type Category } from './categories.ts'
export {
  compared,
  exported,
  exportedOwn,
  formatOf,
  formats,
  imported,
  importedOwn,
  lostBy,
  type Dated,
  type Exporting,
  type Format,
  type Loss,
} from './conversion.ts'
export { givenOf } from './given.ts'
export { lossKinds, type LossKind } from './rows.ts'
export { contradictions, faultsOf, mapped, project, valuesOf, type Mapped } from './formats.ts'
export { binFor, metalsIn, type Metal } from './marks.ts'
export { hasCheckDigit, isOperatorNumber, readLink, schemeOf, type Named } from './identifiers.ts'
export {
  frameText,
  groupWord,
  isLanguage,
  labelOf,
  languageAccepted,
  languages,
  passportWord,
  textFor,
  valueWord,
  type FrameText,
  type Language,
  type Word,
} from './languages.ts'
export {
  assess,
  categories,
  cellOf,
  dataPoints,
  leastEnergyKwh,
  passportFrom,
  ruleSetOf,
  ruleSetOn,
  ruleSets,
  scopeOf,
  turnedBetween,
  turningDays,
  withheld,
  withholding,
  type Assessed,
  type Cell,
  type Finding,
  type RuleSet,
  type Said,
  type Scope,
  type Status,
} from './rules.ts'
export { areAlike, convert, decimalOf, exactly, isDecimal, isLess, unitOf } from './units.ts'
export { parseGiven, prune, read, statuses, type Fault, type Reading, type Value } from './values.ts'
