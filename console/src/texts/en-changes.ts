/** What is said of versions: between two who change the same, and from one to the next. It comes with them. */
export const changes = {
  merge: {
    title: 'Both of you changed this',
    text: 'What does not collide is merged already. Decide about the rest, then save.',
    field: 'Field',
    base: 'Before',
    theirs: 'Theirs',
    mine: 'Yours',
    take: 'Which is right for {name}?',
    merged: '{count} changes of the others are taken over by themselves.',
    save: 'Save the merged version',
    gone: 'It was deleted meanwhile.',
  },
  history: {
    version: 'Version {number}',
    changes: 'Changes of version {number}',
    compare: 'What changed',
    before: 'Before',
    after: 'After',
    by: 'by {name}',
    nothing: 'Nothing that can be shown changed.',
    restore: 'Restore this version',
    restoreText: 'What it said then becomes version {number}. Nothing of the history is lost.',
    first: 'As it began.',
  },
}
