/** What is said at labels and at other formats; it comes with these screens. */
export const formats = {
  labels: {
    about:
      'The code that goes on a battery leads to its public passport. Every code is read again by a decoder before you get it.',
    which: 'Which batteries',
    chosen: '{count} on the sheet',
    add: 'Put on the sheet',
    clear: 'Clear the sheet',
    none: 'Choose batteries below, and the first of them is shown here.',
    read: 'A decoder has read it.',
    symbol: 'The symbol is {mm} mm wide: {on}.',
    picture: 'The label as it is printed',
    ruler: 'About its real size: the ruler has ten centimetres.',
  },
  exchange: {
    convert: 'In another format',
    convertText:
      'A passport, or a document of somebody else, which is not kept. What is lost on the way stands here before anything leaves.',
    file: 'Or a document',
    to: 'As',
    begin: 'Show what becomes of it',
    placeholders: 'Fill in what the format asks for and nobody says',
    losses: 'What is lost or becomes something else',
    nothingLost: 'Nothing is lost.',
    all: 'Export all',
    allText: 'All passports of yours, or of the organisation you act for, in one file.',
    imports: 'Imports',
  },
  rules: {
    about:
      'A rule set is how the law is read. One decides; what another would change can be found out before it does. No passport is changed by it.',
    check: 'See what it would change',
    changes: 'What it would change',
    points: 'Data points',
    nothing: 'Nothing would change.',
    losing: 'Would not be ready any more',
  },
}
