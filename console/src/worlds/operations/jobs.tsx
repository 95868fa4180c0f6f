import { Stack, Title } from '@mantine/core'
import { useState } from 'react'
import { Empty } from '../../blocks/empty.tsx'
import { begun, Outcome, useImport, type Begun } from '../../blocks/list/import.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { State, Value } from '../../blocks/values.tsx'
import { useTexts } from '../../texts/texts.tsx'

/** What runs in the background for somebody, and what came of it: it goes on while the page is gone. */
export default function Jobs() {
  const texts = useTexts()
  const [jobs] = useState(begun)
  return (
    <Screen title={texts.operations.jobs}>
      {jobs.length === 0 ? (
        <Empty title={texts.operations.jobs} text={texts.operations.emptyJobs} />
      ) : (
        <Stack gap="xl">
          {jobs.map(job => (
            <Job key={job.id} job={job} />
          ))}
        </Stack>
      )}
    </Screen>
  )
}

function Job({ job }: { job: Begun }) {
  const { data, error } = useImport(job.path, job.id)
  return (
    <section>
      <Title order={2} size="h4">
        {job.file} {data && <State value={data.state} />}
      </Title>
      {data && <Value kind="instant" value={data.createdAt} />}
      {error && <Trouble error={error} />}
      {data && <Outcome outcome={data} />}
    </section>
  )
}
