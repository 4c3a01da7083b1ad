import { exact, sum } from './exact.ts'
import type { Party } from './parties.ts'
import type { Diary } from './run.ts'
import type { World } from './world.ts'

const triesMax = 200
/** After so many a cloud that keeps putting something off is not waited for: that waits for its deadline. */
const patientTries = 40
/** The longest window in which a cloud takes usage of an agreement that is over, but for one that carries nothing. */
const flushMinutes = 75

/**
 * Until what was cancelled is known to be over and nothing that is due is left, the clock moving on by a minute at a
 * time, and writes down when that was. The
 * last time over the hour's end too, so that everything is due, and past the last window of what was cancelled.
 */
export async function settle(
  world: World,
  parties: readonly Party[],
  diary: Diary,
  { isLast }: { readonly isLast: boolean },
): Promise<void> {
  if (isLast) {
    const minute = new Date(world.now()).getUTCMinutes()
    await world.pass(`PT${Math.max(1, 66 - minute)}M`)
  }
  const cancelled = parties.filter((_, n) => (diary.cancelledAt[n] ?? null) !== null)
  const isQuiet = await quiet(world, cancelled, isLast)
  if (isLast && cancelled.length > 0) {
    await world.pass(`PT${flushMinutes}M`)
    await quiet(world, cancelled, isLast)
  }
  if (isQuiet) diary.settledAt.push(world.now())
}

async function quiet(world: World, cancelled: readonly Party[], isLast: boolean): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    const isKnown = (await Promise.all(cancelled.map((one) => hasEnded(world, one)))).every(Boolean)
    if (isKnown && !(await isBusy(world, cancelled, isLast))) return true
    if (!isLast && tries > patientTries) return false
    await release(world)
    const isLong = tries % 10 === 9
    await world.pass(!isLong ? 'PT1M' : isLast && tries > patientTries ? 'PT6H' : 'PT5M')
  }
  throw new Error(`something is due and never sent: ${await waiting(world, cancelled)}`)
}

/** What keeps a run from settling, in words. */
async function waiting({ api }: World, cancelled: readonly Party[]): Promise<string> {
  const states = await Promise.all(
    cancelled.map(async ({ id }) => (await api.get(`/v1/agreements/${id}`)).state.is),
  )
  const records: any[] = []
  for (const state of ['open', 'due', 'held', 'sending'])
    records.push(...(await api.get(`/v1/usage-records?state=${state}&limit=20`)).data)
  const told = records.map(({ agreement, dimension, hour, quantity, sent, state, dueAt }) =>
    [agreement, dimension, hour, quantity, sent, JSON.stringify(state), dueAt].join(' '),
  )
  return [`cancelled: ${states.join()}`, ...told].join('; ')
}

const hasEnded = async ({ api }: World, { id }: Party): Promise<boolean> =>
  (await api.get(`/v1/agreements/${id}`)).state.is === 'ended'

/**
 * Whether anything is due that is not sent: all that is unsettled is more than what only waits for its hour's end, which
 * nothing does of an agreement that is over, and nothing the last time. Asked in this order: records go on from open.
 */
async function isBusy(
  { api, now }: World,
  cancelled: readonly Party[],
  isLast: boolean,
): Promise<boolean> {
  const { data: open } = await api.get('/v1/usage-records?state=open&limit=200')
  const isOver = (agreement: string) => cancelled.some(({ id }) => id === agreement)
  const isDue = ({ agreement, dueAt }: any) => isOver(agreement) || Date.parse(dueAt) <= now()
  if (open.some((record: any) => isLast || isDue(record))) return true
  const { data: rows } = await api.get('/v1/reports/metering')
  const unsettled = sum(rows.map(({ due }: any) => exact(due)))
  return unsettled !== sum(open.map(({ quantity }: any) => exact(quantity)))
}

/** A person looks at what waits for one, and lets it go. */
async function release({ api }: World): Promise<void> {
  const { data } = await api.get('/v1/usage-records?state=held&limit=200')
  for (const { id } of data) await api.post(`/v1/usage-records/${id}/release`, {})
}
