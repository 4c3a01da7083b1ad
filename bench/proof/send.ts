import { pause } from '../process.ts'
import type { Party } from './parties.ts'
import type { Plan } from './plan.ts'
import type { PlannedEvent } from './plan-events.ts'
import type { Batch, Spoiled } from './steps.ts'
import type { World } from './world.ts'

const triesMax = 200
const pauseMs = 60
/** A process may see a jump of the clock a moment late: until then usage seems to lie in the future. */
const tooEarly = new Set(['in_future'])

export type Sender = ReturnType<typeof senderOf>

/**
 * Tells the service of a plan's events, insisting until it answers, and keeps the truth: which it has said for sure
 * that it keeps, and since when at the latest.
 */
export function senderOf(world: World, plan: Plan, parties: readonly Party[], start: number) {
  const source = `proof-${plan.seed}-${start}`
  const acceptedAt = new Float64Array(plan.events.length)
  const surprises: string[] = []
  let told = 0
  const body = (place: number, event: PlannedEvent, quantity = event.quantity) =>
    event.reverses === null
      ? {
          id: String(place),
          source,
          agreement: parties[event.agreement]?.id,
          dimension: event.dimension,
          quantity,
          at: new Date(start + event.at).toISOString(),
        }
      : { id: String(place), source, reverses: String(event.reverses) }
  const planned = (place: number): PlannedEvent => {
    const event = plan.events[place]
    if (!event) throw new RangeError(`no event ${place}`)
    return event
  }
  const insist = async (events: readonly object[], spoiled: number) => {
    for (let tries = 1; ; tries++) {
      const answer = await world.api.post('/v1/usage-events', { events })
      const early = answer.refused.filter(
        ({ code, index }: any) => tooEarly.has(code) && index < events.length - spoiled,
      )
      if (early.length === 0 || tries === triesMax) return answer
      await pause(pauseMs)
    }
  }
  return {
    async send({ events, spoiled }: Batch): Promise<void> {
      const good = events.map((place) => body(place, planned(place)))
      const bad = spoiled.map((how, n) => spoil(how, n, source, parties[0], world.now()))
      const answer = await insist([...good, ...bad], bad.length)
      told += good.length
      for (const { index, id, code, message } of answer.refused)
        if (index < good.length) surprises.push(`event ${id} was refused: ${code} ${message}`)
      if (answer.refused.length < bad.length)
        surprises.push(`${bad.length} events were no events, ${answer.refused.length} refused`)
      for (const { id } of answer.conflicts) surprises.push(`event ${id} was a conflict`)
      const { accepted, duplicates, refused, conflicts } = answer
      const all = accepted + duplicates + refused.length + conflicts.length
      if (all !== good.length + bad.length) surprises.push(`the answer names ${all} events`)
      const now = world.now()
      for (const place of events) acceptedAt[place] ||= now
    },
    /** The same ids with other content, of events that the service said it keeps. */
    async contradict(events: readonly number[]): Promise<void> {
      const known = events.filter((place) => acceptedAt[place] && !planned(place).reverses)
      if (known.length === 0) return
      const others = known.map((place) =>
        body(place, planned(place), `1${planned(place).quantity}`),
      )
      const answer = await insist(others, 0)
      if (answer.conflicts.length !== known.length)
        surprises.push(`${known.length} contradictions, ${answer.conflicts.length} conflicts`)
    },
    duplicates: () => told - acceptedAt.filter((at) => at > 0).length,
    /** When the service had surely accepted an event; 0: it was never told. */
    acceptedAt: (place: number): number => acceptedAt[place] ?? 0,
    surprises: (): readonly string[] => surprises,
  }
}

const dayMs = 86_400_000

/** An event that has to be refused by itself. */
function spoil(how: Spoiled, n: number, source: string, party: Party | undefined, now: number) {
  const event = {
    id: `spoiled-${how}-${n}`,
    source,
    agreement: party?.id,
    dimension: 'api_calls',
    quantity: '1',
    at: new Date(now).toISOString(),
  }
  switch (how) {
    case 'comma':
      return { ...event, quantity: '1,5' }
    case 'not-a-number':
      return { ...event, quantity: 'NaN' }
    case 'future':
      return { ...event, at: new Date(now + dayMs).toISOString() }
    case 'unknown':
      return { ...event, dimension: 'nobody_knows' }
    case 'long-ago':
      return { ...event, at: '1970-01-01T00:00:00Z' }
  }
}
