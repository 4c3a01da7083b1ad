import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { adapters } from '../../adapters/index.ts'
import { type Simulator, startSimulator } from '../../simulator/index.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import { createTestWorld, type World } from '../world.ts'

export type LocalWorld = World & {
  readonly clouds: Simulator
  /** Where the service listens, for the clouds' notices and the buyers' browsers. */
  readonly address: string
  /** Moves the time of everything, in steps of at most an hour unless said otherwise, doing at each all that falls due. */
  pass(ms: number, stepMs?: number): Promise<void>
}

const hourMs = 3_600_000
const longMs = 48 * hourMs

/** The whole service, its real adapters and the simulated clouds in one process, on one clock that only the test moves. */
export async function createLocalWorld(
  startAt: Instant = '2027-01-04T09:00:00.000Z',
): Promise<LocalWorld> {
  const world = await createTestWorld({ adapters, startAt })
  const clock = {
    now: () => millis(world.deps.now()),
    advance: (ms: number) => void world.advance(ms),
  }
  let turn: Promise<void> = Promise.resolve()
  const pass = (ms: number, stepMs = hourMs) => {
    turn = turn.then(() => advance(ms, stepMs))
    return turn
  }
  const clouds = await startSimulator({
    port: 0,
    clock,
    onAdvance: (ms) => pass(ms, ms > longMs ? 6 * hourMs : hourMs),
  })
  const server = serve({ fetch: world.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise<void>((resolve) => server.once('listening', () => resolve()))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function advance(ms: number, stepMs: number): Promise<void> {
    const target = clock.now() + ms
    await settle()
    while (clock.now() < target) {
      const due = await world.deps.jobs.nextDue('syncs.run')
      const stops = [
        target,
        clock.now() + stepMs,
        clouds.nextDue() ?? target,
        due ? millis(due) : target,
      ]
      clock.advance(Math.max(1, Math.min(...stops.filter((at) => at > clock.now())) - clock.now()))
      await settle()
    }
  }

  async function settle(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      await clouds.tick()
      const ran = await world.drain()
      const due = clouds.nextDue()
      if (ran === 0 && (due === null || due > clock.now())) return
    }
  }

  return {
    ...world,
    clouds,
    address,
    pass,
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await clouds.stop()
      await world.close()
    },
  }
}
