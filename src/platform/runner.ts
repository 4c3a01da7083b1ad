import type { Handlers, Jobs } from './jobs.ts'
import type { Log } from './log.ts'

export type Runner = {
  /** Runs `act` while no job is running, and lets none begin until it ends. */
  alone<T>(act: () => Promise<T>): Promise<T>
  /** Runs every due job now; returns how many ran. Only inside `alone`, or when nothing else drains. */
  drain(): Promise<number>
  /** Lets running jobs finish and begins no more. */
  stop(): Promise<void>
}

const idleMs = 250
const superviseEveryMs = 10_000
const roundMax = 200

/** Works through due jobs until stopped. Trouble with the database is logged and waited out. */
export function startRunner<Deps>(
  jobs: Jobs,
  deps: Deps,
  handlers: Handlers<Deps>,
  { slots, log }: { readonly slots: number; readonly log: Log },
): Runner {
  let stopped = false
  let turn: Promise<unknown> = Promise.resolve()
  // At once: what a process that died left behind waits for nobody else.
  let supervisedAt = Number.NEGATIVE_INFINITY
  const alone = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act, act)
    turn = mine.catch(() => {})
    return mine
  }
  const drain = (limit?: number) => jobs.drain(deps, handlers, { slots, ...(limit && { limit }) })
  const round = async () => {
    if (performance.now() - supervisedAt > superviseEveryMs) {
      supervisedAt = performance.now()
      await jobs.supervise()
    }
    return drain(roundMax)
  }
  const loop = async () => {
    while (!stopped) {
      const ran = await alone(round).catch((error) => {
        log.error({ cause: String(error) }, 'the job loop could not reach its database')
        return 0
      })
      if (ran < roundMax) await new Promise((resolve) => setTimeout(resolve, idleMs))
    }
  }
  const running = loop()
  return {
    alone,
    drain,
    async stop() {
      stopped = true
      await running
    },
  }
}
