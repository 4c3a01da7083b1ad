import type { Case } from './judge.ts'
import type { Party } from './parties.ts'
import { places } from './places.ts'
import type { Plan } from './plan.ts'
import type { Diary } from './run.ts'
import type { Sender } from './send.ts'
import { dimensions } from './steps.ts'
import type { World } from './world.ts'

type Told = {
  readonly world: World
  readonly plan: Plan
  readonly parties: readonly Party[]
  readonly diary: Diary
  readonly sender: Sender
}

/** Asks the clouds and the service what became of each series, and how many losses are named. */
export async function casesOf({ world, plan, parties, diary, sender }: Told) {
  const cases: Case[] = []
  let losses = 0
  for (const [n, party] of parties.entries()) {
    const { rules, held, cloud } = places[party.cloud]
    const byHour = await held(world.clouds, party.ref)
    const { data } = await world.api.get(`/v1/reports/metering?agreement=${party.id}`)
    const records = await recordsOf(world, party.id)
    losses += records.filter(({ state }) => state.is === 'lost').length
    for (const dimension of dimensions) {
      const events = plan.events.flatMap((event, place) => {
        const acceptedAt = sender.acceptedAt(place)
        const isIts = event.agreement === n && event.dimension === dimension && acceptedAt > 0
        return isIts ? [{ ...event, at: diary.start + event.at, acceptedAt }] : []
      })
      cases.push({
        name: `${cloud.provider} ${party.ref} ${dimension}`,
        rules,
        dimension,
        events,
        cancelledAt: diary.cancelledAt[n] ?? null,
        settledAt: diary.settledAt,
        held: new Map([...byHour].filter(([key]) => key.startsWith(`${dimension} `))),
        violations: await places[party.cloud].violations(world.clouds, party.license),
        row: data.find((row: any) => row.dimension === dimension),
        records: records.filter((record) => record.dimension === dimension),
      })
    }
  }
  return { cases, losses }
}

async function recordsOf({ api }: World, agreement: string): Promise<any[]> {
  const all: any[] = []
  for (let cursor = ''; ; ) {
    const { data, next } = await api.get(
      `/v1/usage-records?agreement=${agreement}&limit=200${cursor}`,
    )
    all.push(...data)
    if (!next) return all
    cursor = `&cursor=${next}`
  }
}
