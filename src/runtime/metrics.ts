import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Served } from '../app.ts'
import { listSyncs } from '../connections/syncs.ts'
import type { Deps } from '../deps.ts'
import { millis } from '../kernel/time.ts'
import { usageByState } from '../metering/service.ts'
import { countJobs } from '../platform/jobs.ts'

export type Metrics = {
  observe(served: Served): void
  /** Prometheus text: requests, jobs, lag of each sync, usage by state. */
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
      return register.metrics()
    },
  }
}
