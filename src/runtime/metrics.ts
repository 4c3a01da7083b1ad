import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Served } from '../app.ts'
import { listSyncs } from '../connections/syncs.ts'
import type { Deps } from '../deps.ts'
import { millis } from '../kernel/time.ts'
import { circuitWord } from '../metering/lane-list.ts'
import { listLanes, usageByState } from '../metering/service.ts'
import { countJobs } from '../platform/jobs.ts'

const lanesMax = 1_000

export type Metrics = {
  observe(served: Served): void
  /** Prometheus text: requests, jobs, lag of each sync, usage by state, the sending queue. */
  render(deps: Deps): Promise<string>
}

/** Counters live in the process; what can be asked of the database is asked when scraped. */
export function createMetrics(): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register, prefix: 'tradepost_' })
  const registers = [register]
  const requests = new Counter({
    name: 'tradepost_http_requests_total',
    help: 'Requests served',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'tradepost_http_request_seconds',
    help: 'How long they took',
    labelNames: ['method', 'route'],
    registers,
  })
  const jobs = new Gauge({
    name: 'tradepost_jobs',
    help: 'Jobs by kind and state',
    labelNames: ['kind', 'state'],
    registers,
  })
  const lag = new Gauge({
    name: 'tradepost_sync_lag_seconds',
    help: 'Since each sync last ended well',
    labelNames: ['sync', 'connection'],
    registers,
  })
  const usage = new Gauge({
    name: 'tradepost_usage_records',
    help: 'Usage records by state',
    labelNames: ['state'],
    registers,
  })
  const showQueue = queueGauges(registers)
  return {
    observe({ method, route, status, seconds: took }) {
      requests.inc({ method, route, status: String(status) })
      seconds.observe({ method, route }, took)
    },
    async render(deps) {
      jobs.reset()
      for (const { kind, state, count } of await countJobs(deps.db))
        jobs.set({ kind, state }, count)
      lag.reset()
      for (const sync of await listSyncs(deps)) {
        const since = millis(sync.succeededAt ?? sync.startedAt ?? sync.dueAt)
        lag.set(
          { sync: sync.name, connection: sync.connection },
          Math.max(0, millis(deps.now()) - since) / 1000,
        )
      }
      usage.reset()
      for (const { state, records } of await usageByState(deps)) usage.set({ state }, records)
      await showQueue(deps)
      return register.metrics()
    },
  }
}

/** The sending queue, account by account. */
function queueGauges(registers: Registry[]): (deps: Deps) => Promise<void> {
  const lanes = new Gauge({
    name: 'tradepost_usage_lane_records',
    help: 'Usage of each account that is due or held',
    labelNames: ['connection', 'is'],
    registers,
  })
  const deadlines = new Gauge({
    name: 'tradepost_usage_lane_deadline_seconds',
    help: 'Until the nearest deadline of what is due or held of each account',
    labelNames: ['connection'],
    registers,
  })
  const circuits = new Gauge({
    name: 'tradepost_usage_lane_open',
    help: 'Whether an account is left alone after trouble: 1, or 0',
    labelNames: ['connection'],
    registers,
  })
  return async (deps) => {
    for (const gauge of [lanes, deadlines, circuits]) gauge.reset()
    for (const lane of await listLanes(deps, lanesMax)) {
      const { connection, due, held, deadline } = lane
      lanes.set({ connection, is: 'due' }, due)
      lanes.set({ connection, is: 'held' }, held)
      circuits.set({ connection }, circuitWord(lane, deps.now()) === 'closed' ? 0 : 1)
      if (deadline) deadlines.set({ connection }, (millis(deadline) - millis(deps.now())) / 1000)
    }
  }
}
