import { awsAccounts } from './aws/seed.ts'
import { azureAccounts } from './azure/seed.ts'
import { gcpAccounts } from './gcp/seed.ts'
import { startSimulator } from './index.ts'

const TICK_MS = 250

const env = process.env
const startAt = env.CLOCK_START === undefined ? undefined : Date.parse(env.CLOCK_START)
if (startAt !== undefined && Number.isNaN(startAt)) throw new Error('CLOCK_START must be a date')

const simulator = await startSimulator({
  port: Number(env.PORT ?? 8788),
  frozen: env.FROZEN === '1',
  ...(startAt === undefined ? {} : { startAt }),
  ...(env.SEED === undefined ? {} : { seed: Number(env.SEED) }),
  ...(env.STATE_FILE === undefined ? {} : { file: env.STATE_FILE }),
  ...(env.FEEDS_DIR === undefined ? {} : { feedsDir: env.FEEDS_DIR }),
})

console.log(
  `simulated clouds at ${simulator.origin}, clock ${new Date(simulator.clock.now()).toISOString()}`,
)
for (const cloud of simulator.clouds)
  console.log(`  ${cloud.name}: ${simulator.origin}/${cloud.name}`)
for (const line of awsAccounts) console.log(`  aws ${line}`)
for (const line of azureAccounts) console.log(`  azure ${line}`)
for (const line of gcpAccounts) console.log(`  gcp ${line}`)

const timer = setInterval(() => {
  simulator.tick().catch((error: unknown) => console.error(error))
}, TICK_MS)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop())
}

async function stop(): Promise<void> {
  clearInterval(timer)
  await simulator.stop()
  process.exit(0)
}
