/** What is said at applications for jobs and at what is found; it comes with these screens. */
export const desk = {
  applications: {
    empty: 'Nobody has applied yet. Who does on the page of the job is listed here, and kept as long as the law lets.',
    reply: 'Reply by mail',
    subject: 'Your application: {name}',
    file: 'Download {name}',
    remove: 'Delete',
    removeText: 'The application goes with its file, for good.',
    message: 'What they wrote',
    noMessage: 'They wrote nothing beside.',
    move: 'Move on',
    decided: 'Where it stands',
    decidedText: 'Nobody outside sees this: who applied hears of it by your mail.',
  },
  search: {
    title: 'What is found',
    about: 'What you may read, by words, identifiers and serial numbers.',
    kinds: 'Kind',
    everything: 'Everything',
    more: 'All of them',
    begin: 'Type at least two letters.',
  },
}
