import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Decimal, plus } from '../kernel/decimal.ts'

/**
 * Sends a file of usage events, one JSON object a line and of any form, to the API. It may be stopped and started again
 * at any time: an event that was taken counts once for ever.
 */
const usage = `npm run backfill -- --file events.ndjson [--dry-run] [--from-line 1]
  [--url http://127.0.0.1:8787] --key tp_… | --key-file path

Events that are refused are written to <file>.refused.ndjson with their lines and reasons.`

const batchMax = 500
/** A body that is well below what the API takes. */
const bytesMax = 4_000_000
const attemptsMax = 12
const waitMs = 1_000
const waitMaxMs = 60_000

type Line = { readonly number: number; readonly text: string; readonly event: unknown }
type Answer = {
  readonly accepted: number
  readonly duplicates: number
  readonly moved: number
  readonly lost: number
  readonly unmetered?: number
  readonly refused: readonly { index: number; errors: readonly unknown[] }[]
  readonly conflicts: readonly { index: number; message: string }[]
  readonly events?: readonly { readonly goes: readonly Goes[] }[]
}
type Goes = {
  readonly dimension: string
  readonly quantity: Decimal
  readonly is: string
  readonly reason: string | null
  readonly value: { readonly currency: string; readonly amount: Decimal } | null
}

const counted = ['accepted', 'duplicates', 'moved', 'lost', 'unmetered', 'refused'] as const
type Totals = Record<(typeof counted)[number], number> & {
  lines: number
  /** What is lost, by dimension and reason: how much, and its value by currency. */
  readonly losses: Map<string, { quantity: Decimal; value: Map<string, Decimal> }>
}

type Target = { readonly url: string; readonly key: string; readonly isDry: boolean }

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      'from-line': { type: 'string', default: '1' },
      url: { type: 'string', default: 'http://127.0.0.1:8787' },
      key: { type: 'string' },
      'key-file': { type: 'string' },
    },
  })
  const { file, url } = values
  const keyFile = values['key-file']
  const key = values.key ?? (keyFile && (await readFile(keyFile, 'utf8')).trim())
  const first = Number(values['from-line'])
  if (!file || !key || !Number.isInteger(first) || first < 1) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  const refused = createWriteStream(`${file}.refused.ndjson`, { flags: first > 1 ? 'a' : 'w' })
  const target = { url: url.replace(/\/$/, ''), key, isDry: values['dry-run'] }
  const totals: Totals = {
    ...{ accepted: 0, duplicates: 0, moved: 0, lost: 0, unmetered: 0, refused: 0, lines: 0 },
    losses: new Map(),
  }
  let next = first
  try {
    for await (const batch of batches(file, first)) {
      await take(target, batch, totals, refused)
      next = (batch.at(-1)?.number ?? next) + 1
      console.info(`line ${next - 1}: ${told(totals)}`)
    }
  } catch (error) {
    console.error(`stopped: ${error instanceof Error ? error.message : String(error)}`)
    console.error(`go on with --from-line ${next}`)
    process.exitCode = 1
  }
  await new Promise<void>((resolve) => refused.end(resolve))
  summarise(totals, target.isDry, `${file}.refused.ndjson`)
}

/** Lines that hold something, as many at a time as one request takes. */
async function* batches(file: string, first: number): AsyncGenerator<readonly Line[]> {
  let batch: Line[] = []
  let bytes = 0
  let number = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: 5_000 })) {
    number++
    if (number < first || text.trim() === '') continue
    const size = Buffer.byteLength(text)
    if (batch.length === batchMax || (batch.length > 0 && bytes + size > bytesMax)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push({ number, text, event: parsed(text) })
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** Undefined where the line is not JSON, or longer than any event. */
function parsed(text: string): unknown {
  if (text.length > bytesMax) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a batch comes to is asked first: only a dry run tells what each loss is worth. */
async function take(
  target: Target,
  batch: readonly Line[],
  totals: Totals,
  refused: WriteStream,
): Promise<void> {
  const good = batch.filter(({ event }) => event !== undefined)
  for (const line of batch.filter(({ event }) => event === undefined))
    refuse(refused, line, [{ path: '', message: 'is not JSON' }])
  totals.lines += batch.length
  totals.refused += batch.length - good.length
  if (good.length === 0) return
  const body = JSON.stringify({ events: good.map(({ event }) => event) })
  const rehearsed = await post(target, '?dryRun=true', body)
  const answer = target.isDry ? rehearsed : await post(target, '', body)
  for (const name of counted)
    if (name !== 'refused') totals[name] += answer[name as 'accepted'] ?? 0
  totals.refused += answer.refused.length + answer.conflicts.length
  for (const { index, errors } of answer.refused) refuse(refused, good[index], errors)
  for (const { index, message } of answer.conflicts)
    refuse(refused, good[index], [{ path: 'id', message }])
  for (const { goes } of rehearsed.events ?? []) for (const one of goes) addLoss(totals, one)
}

const refuse = (to: WriteStream, line: Line | undefined, errors: readonly unknown[]): void => {
  if (line)
    to.write(`${JSON.stringify({ line: line.number, errors, event: line.event ?? line.text })}\n`)
}

function addLoss({ losses }: Totals, { dimension, quantity, is, reason, value }: Goes): void {
  if (is !== 'lost') return
  const key = `${dimension}: ${reason}`
  const loss = losses.get(key) ?? { quantity: '0', value: new Map<string, Decimal>() }
  loss.quantity = plus(loss.quantity, quantity)
  if (value)
    loss.value.set(value.currency, plus(loss.value.get(value.currency) ?? '0', value.amount))
  losses.set(key, loss)
}

/** Asks again where the service is away or busy; anything else that is not an answer stops it. */
async function post({ url, key }: Target, query: string, body: string): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const response = await send(`${url}/v1/usage-events${query}`, key, body)
    if (response?.ok) return (await response.json()) as Answer
    const wait = Math.min(waitMs * 2 ** (attempt - 1), waitMaxMs)
    const isBusy = response === undefined || response.status === 503 || response.status === 429
    if (!isBusy || attempt === attemptsMax)
      throw new Error(
        response ? `${response.status} ${await response.text()}` : `nobody answers at ${url}`,
      )
    const asked = Number(response?.headers.get('retry-after') ?? 0) * 1_000
    await pause(Math.max(wait, asked))
  }
}

async function send(url: string, key: string, body: string): Promise<Response | undefined> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body,
    })
  } catch {
    return undefined
  }
}

const told = (totals: Totals): string => counted.map((name) => `${totals[name]} ${name}`).join(', ')

function summarise(totals: Totals, isDry: boolean, refused: string): void {
  console.info(`${isDry ? 'DRY RUN, nothing was stored: ' : ''}${totals.lines} events`)
  console.info(told(totals))
  for (const [key, { quantity, value }] of totals.losses) {
    const worth = [...value].map(([currency, amount]) => `${amount} ${currency}`)
    console.info(`lost of ${key}: ${quantity}, worth ${worth.join(' and ') || 'not known'}`)
  }
  if (totals.refused > 0) console.info(`refused events and their reasons: ${refused}`)
}

await main()
