import type { Table } from '../world.ts'
import { type Aws, seconds } from './context.ts'

const ATTEMPT_TIMEOUT_MS = 5_000
const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 15 * 60_000
const RETRIED = [401, 407, 409, 429]

/** An API destination: where the event bus of an account posts its events, and with which header. */
export type Destination = {
  readonly id: string
  readonly url: string
  readonly header: string
  readonly secret: string
  readonly account: string
}

/** One event on its way to one destination. */
export type Delivery = {
  readonly id: string
  readonly destination: string
  readonly event: any
  readonly firstDue: number
  attempts: number
  state: 'waiting' | 'delivered' | 'given up' | 'dropped'
  lastAnswer: string
}

/** Puts an event on the bus of `account`; it is posted to that account's API destinations. */
export function emit(
  aws: Aws,
  at: number,
  event: {
    readonly account: string
    readonly source: string
    readonly detailType: string
    readonly resources: readonly string[]
    readonly detail: object
  },
): void {
  const envelope = {
    version: '0',
    id: aws.ids.uuid(),
    'detail-type': event.detailType,
    source: event.source,
    account: event.account,
    time: seconds(at),
    region: 'us-east-1',
    resources: event.resources,
    detail: event.detail,
  }
  aws.world.table('aws.events').put(envelope.id, envelope)
  for (const destination of destinations(aws).values()) {
    if (destination.account === event.account) send(aws, destination, envelope, at)
  }
}

export function destinations(aws: Aws): Table<Destination> {
  return aws.world.table('aws.destinations')
}

export function deliveries(aws: Aws): Table<Delivery> {
  return aws.world.table('aws.deliveries')
}

/** Timer: posts one event to one destination, and plans the next attempt when that fails. */
export async function deliver(aws: Aws, { id }: { id: string }, at: number): Promise<void> {
  const delivery = deliveries(aws).get(id)
  const destination = delivery && destinations(aws).get(delivery.destination)
  if (delivery?.state !== 'waiting') return
  const { attemptsMax, retryForMs, retry } = aws.settings().events
  const backoff = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** delivery.attempts)
  delivery.attempts += 1
  const next = at + backoff
  const last = delivery.attempts >= attemptsMax || next > delivery.firstDue + retryForMs
  // Planned before the attempt: a simulator that dies half-way delivers again rather than never.
  if (!last) aws.timers.set('event.deliver', next, { id }, `deliver:${id}`)
  deliveries(aws).put(id, delivery)
  const status = destination ? await post(destination, delivery.event) : 'no such destination'
  delivery.lastAnswer = String(status)
  const delivered = typeof status === 'number' && status >= 200 && status < 300
  const hopeless =
    !destination ||
    (retry === 'documented' &&
      typeof status === 'number' &&
      status < 500 &&
      !RETRIED.includes(status))
  if (delivered) delivery.state = 'delivered'
  else if (last || hopeless) delivery.state = 'given up'
  if (delivery.state !== 'waiting') aws.timers.cancel(`deliver:${id}`)
  deliveries(aws).put(id, delivery)
}

// EventBridge promises delivery at least once, in no order, best effort.
function send(aws: Aws, destination: Destination, event: any, at: number): void {
  const { duplicateRate, disorderRate, disorderMs, dropRate } = aws.settings().events
  const random = () => aws.world.random()
  const dropped = random() < dropRate
  const copies = random() < duplicateRate ? 2 : 1
  for (let copy = 0; copy < copies; copy += 1) {
    const late = random() < disorderRate ? Math.round(random() * disorderMs) : 0
    const due = at + late
    const id = aws.ids.uuid()
    deliveries(aws).put(id, {
      id,
      destination: destination.id,
      event,
      firstDue: due,
      attempts: 0,
      state: dropped ? 'dropped' : 'waiting',
      lastAnswer: '',
    })
    if (!dropped) aws.timers.set('event.deliver', due, { id }, `deliver:${id}`)
  }
}

async function post(destination: Destination, event: any): Promise<number | string> {
  try {
    const answer = await fetch(destination.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Amazon/EventBridge/ApiDestinations',
        [destination.header]: destination.secret,
      },
      body: JSON.stringify(event),
      redirect: 'manual',
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch (error) {
    return error instanceof Error ? error.name : 'failed'
  }
}
