import type { Adapter } from '../../src/adapter.ts'
import { handlers } from '../../src/app.ts'
import { runNow } from '../../src/connections/service.ts'
import type { Id } from '../../src/kernel/id.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { MeteringTraits, Report } from '../../src/metering/model.ts'
import type { MeteringPort } from '../../src/metering/port.ts'
import { createTestWorld, type World } from '../world.ts'
import { createMarket, type Market, remote, startAt } from './market.ts'

export type Stall = { readonly market: Market; readonly connection: Id<'conn'> }
export type Stalls = {
  readonly world: World
  /** By the name of the marketplace. */
  readonly of: (name: string) => Stall
  /** Calls of all marketplaces in order: which one, what it held, and when it began, in milliseconds of real time. */
  readonly calls: { name: string; reports: readonly Report[]; at: number }[]
  /** Runs every due job, so many at a time. */
  drain(slots?: number): Promise<number>
  /** Moves the clock and does all that fell due. */
  pass(ms: number): Promise<void>
}

/** The service with an account at each of several marketplaces; their agreements are called after them: `souk-1`. */
export async function openStalls(
  stalls: Readonly<Record<string, number>>,
  {
    traits = {},
    compatible,
    at = startAt,
  }: {
    traits?: Partial<MeteringTraits>
    compatible?: MeteringPort['compatible']
    at?: Instant
  } = {},
): Promise<Stalls> {
  const calls: Stalls['calls'] = []
  const opened = new Map<string, { market: Market; adapter: Adapter }>()
  for (const [name, agreements] of Object.entries(stalls)) {
    const market = createMarket(traits)
    for (let n = 1; n <= agreements; n++) market.agreements.push(remote(`${name}-${n}`))
    const { adapter } = market
    opened.set(name, {
      market,
      adapter: {
        ...adapter,
        provider: name,
        open(account, world) {
          const ports = adapter.open(account, world)
          const metering = ports.metering as MeteringPort
          const report = (reports: readonly Report[]) => {
            calls.push({ name, reports, at: performance.now() })
            return metering.report(reports)
          }
          return {
            ...ports,
            metering: { ...metering, report, ...(compatible && { compatible }) },
          }
        },
      },
    })
  }
  const adapters = [...opened.values()].map(({ adapter }) => adapter)
  const world = await createTestWorld({ adapters, startAt: at })
  const found = new Map<string, Stall>()
  for (const [name, { market }] of opened) {
    const account = { provider: name, name, settings: {}, credentials: {} }
    const { body } = await world.as('admin').post('/v1/connections', account)
    found.set(name, { market, connection: body.id })
  }
  await world.drain()
  await runNow(world.deps, 'metering')
  await world.drain()
  const worker = { ...world.deps, actor: { kind: 'job', id: 'worker', name: 'worker' } as const }
  const drain = (slots = 1) => world.deps.jobs.drain(worker, handlers, { slots })
  return {
    world,
    of: (name) => found.get(name) as Stall,
    calls,
    drain,
    async pass(ms) {
      world.advance(ms)
      await drain()
    },
  }
}
