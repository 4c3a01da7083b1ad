import { z } from 'zod'
import { Problem, type Reason } from '../../src/kernel/problem.ts'
import { type Day, isDay } from '../../src/kernel/time.ts'
import type { AzureClient } from './client.ts'

const name = z.string().min(1)
const day = z.string().refine(isDay) as unknown as z.ZodType<Day, Day>
const reasons = z.array(
  z.strictObject({ part: z.string(), code: z.string().nullable(), message: z.string() }),
)
/** `atMs` is when the step began, by our clock. */
const begun = { atMs: z.number() }

/** What is needed to go on with an operation after a restart; `offer` is a private offer's guid. */
const operation = z.discriminatedUnion('step', [
  /** The job that creates and submits the offer of a key. */
  z.strictObject({ step: z.literal('create'), job: name, key: name, ...begun }),
  /** The offer is there; its acceptance link is not. */
  z.strictObject({ step: z.literal('offer'), offer: name, ...begun }),
  /** The job that takes back what a failed job had made. */
  z.strictObject({ step: z.literal('undo'), job: name, offer: name, reasons, ...begun }),
  z.strictObject({ step: z.literal('withdraw'), job: name, offer: name, ...begun }),
  /** The first and the second half of an extension. */
  z.strictObject({ step: z.literal('close'), job: name, offer: name, acceptBy: day, ...begun }),
  z.strictObject({ step: z.literal('reopen'), job: name, offer: name, acceptBy: day, ...begun }),
])
export type Operation = z.infer<typeof operation>
export type Step<Name extends Operation['step']> = Extract<Operation, { step: Name }>

export const written = (value: Operation): string => JSON.stringify(value)

/** Throws `not_found` for an operation that is none of ours. */
export function readOperation(text: string): Operation {
  const read = operation.safeParse(parsed(text))
  if (read.success) return read.data
  throw new Problem('not_found', `Microsoft knows no operation ${text.slice(0, 100)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Nothing is given up for taking long; what takes too long is told, and asked for again. */
export function late({ settings, nowMs }: AzureClient, step: Operation, what: string): void {
  const minutes = Math.floor((nowMs() - step.atMs) / 60_000)
  if (minutes < settings.offers.alarmMinutes) return
  const retryAfterMs = Math.max(settings.offers.pollSeconds, 1) * 1000
  throw new Problem(
    'unavailable',
    `Microsoft has not ${what} for ${minutes} minutes; still waiting`,
    {
      retryAfterMs,
    },
  )
}

/** Errors of a job as they are kept in an operation: enough to act on, and no more. */
export const kept = (all: readonly Reason[]): Reason[] =>
  all.slice(0, 20).map((one) => ({ ...one, message: one.message.slice(0, 500) }))

/**
 * What this process knows of requests it sent, by their keys: the operation they began, when they were sent, or that
 * Microsoft turned them away. It saves searches and waits; without it, after a restart, Microsoft is looked through.
 */
export type Sent =
  | { readonly is: 'begun'; readonly operation: string }
  | { readonly is: 'sent'; readonly atMs: number }
  | { readonly is: 'turned_away' }

const sent = new WeakMap<AzureClient, Map<string, Sent>>()
const sentMax = 1_000

export const sentUnder = (azure: AzureClient, key: string): Sent | undefined =>
  sent.get(azure)?.get(key)

function note(azure: AzureClient, key: string, what: Sent): void {
  const known = sent.get(azure) ?? new Map<string, Sent>()
  sent.set(azure, known)
  known.delete(key)
  known.set(key, what)
  const [oldest] = known.keys()
  if (known.size > sentMax && oldest !== undefined) known.delete(oldest)
}

/** Failures after which a request may be at work all the same. */
const unsure = new Set(['unavailable', 'internal'])

/** Sends what begins an operation, and remembers under its key what became of it. */
export async function begin(
  azure: AzureClient,
  key: string,
  send: () => Promise<Operation>,
): Promise<string> {
  note(azure, key, { is: 'sent', atMs: azure.nowMs() })
  try {
    const begunNow = written(await send())
    note(azure, key, { is: 'begun', operation: begunNow })
    return begunNow
  } catch (error) {
    if (error instanceof Problem && !unsure.has(error.code)) note(azure, key, { is: 'turned_away' })
    throw error
  }
}
