import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import type { AzureClient } from './client.ts'

const answerMaxMs = 30_000
/** How long a file may stop coming. */
const silenceMaxMs = 60_000

/**
 * The text of a finished report as it arrives, however large. Its link carries its own permission (SAS), so our token
 * is not sent there, whatever host it names; it has to be https wherever the API itself is.
 */
export async function* download(azure: AzureClient, link: string): AsyncIterable<string> {
  const url = URL.canParse(link) ? new URL(link) : undefined
  const isPlain = azure.settings.endpoints.insights.startsWith('http:')
  if (!url || !(url.protocol === 'https:' || (isPlain && url.protocol === 'http:')))
    throw new Problem('internal', 'Microsoft’s link to a report is none that can be followed')
  const stop = new AbortController()
  const response = await within(answerMaxMs, 'Microsoft (report file)', () =>
    azure.fetch(new Request(url, { signal: stop.signal, redirect: 'manual' })),
  ).catch((error: unknown) => {
    stop.abort()
    throw broken(error)
  })
  if (response.status !== 200 || !response.body) {
    stop.abort()
    throw new Problem('unavailable', `the report file cannot be had (HTTP ${response.status})`, {
      azureStatus: response.status,
    })
  }
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await within(silenceMaxMs, 'Microsoft (report file)', () =>
        reader.read(),
      )
      if (done) break
      yield decoder.decode(value, { stream: true })
    }
    yield decoder.decode()
  } catch (error) {
    throw broken(error)
  } finally {
    stop.abort()
  }
}

const broken = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem('unavailable', 'the report file broke off', {}, { cause: error })
