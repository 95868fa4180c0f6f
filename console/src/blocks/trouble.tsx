import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { ApiProblem } from '../api/problem.ts'
import { useTexts, type Catalogue } from '../texts/texts.tsx'

/** What went wrong, in the reader's language where its code is known to us, else as the platform says it. */
export function messageOf(error: unknown, { problems }: Catalogue): string {
  if (error instanceof ApiProblem) return problems[error.code] ?? error.said ?? error.message
  // As browsers say it; what else is none is a fault of the console.
  if (error instanceof TypeError && /fetch|network|load/i.test(error.message)) return problems.network!
  return error instanceof Error ? error.message : problems.unknown!
}

/** A problem: what, what to do, and what a report of it needs. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  const texts = useTexts()
  const problem = error instanceof ApiProblem ? error : undefined
  return (
    <Alert color="red" variant="default" role="alert" title={messageOf(error, texts)}>
      <Stack gap="xs">
        {problem && (
          <details>
            <summary>{texts.shell.details}</summary>
            {problem.said && (
              <Text size="sm" lang="en">
                {problem.message}
              </Text>
            )}
            <Text size="sm">
              <Code>{problem.code}</Code> · {problem.status}
              {problem.traceId && (
                <>
                  {' '}
                  · {texts.shell.trace}: <Code>{problem.traceId}</Code>
                </>
              )}
            </Text>
          </details>
        )}
        {retry && (
          <Group>
            <Button variant="default" onClick={retry}>
              {texts.shell.retry}
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  )
}
