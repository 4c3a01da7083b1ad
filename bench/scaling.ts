import { aws } from './clouds/aws.ts'
import { atMarket, type Market } from './due.ts'
import { median } from './measure.ts'
import { option, pause, type Running } from './process.ts'

/**
 * Usage of many seller accounts told by one worker process and by four, to a marketplace that answers after 200 ms:
 * how much faster four are. Each makes four calls at a time, few enough that waiting for answers, not the machine, is
 * what takes the time. Measured between the first and the last tenth, so that starting does not count.
 * `npm run bench:scaling -- --workers 4 --rounds 2`
 */
const cloud = aws
const workers = option('workers', 4)
const rounds = option('rounds', 2)
const accounts = option('accounts', 40)
const perWorker = option('records', 10_000)
const latencyMs = option('latency', 200)
const everyMs = 100
/** One sender a process. */
const slots = 1

await atMarket(cloud, { accounts, agreements: accounts * 25 }, async (market) => {
  await cloud.unlimit(market.clouds)
  const fault = { cloud: cloud.provider, kinds: ['late'], rate: 1, ms: latencyMs }
  await market.clouds.post('/faults', fault)
  const one: number[] = []
  const all: number[] = []
  for (let round = 0; round < rounds; round++) {
    one.push(await rate(market, 1))
    all.push(await rate(market, workers))
    console.log(`records/s: one worker ${one.at(-1)}, ${workers} workers ${all.at(-1)}`)
  }
  console.log(`WORKERS_SCALE ${(median(all) / median(one)).toFixed(2)}`)
})

async function rate({ owe, waiting, work }: Market, count: number): Promise<number> {
  const records = perWorker * count
  await owe(records)
  const running: Running[] = await Promise.all(
    Array.from({ length: count }, (_, n) => work(`worker ${n}`, slots)),
  )
  const [from, to] = [records * 0.9, records * 0.1]
  const reach = async (left: number) => {
    for (;;) {
      const now = await waiting()
      if (now <= left) return { now, at: performance.now() }
      await pause(everyMs)
    }
  }
  const begin = await reach(from)
  const end = await reach(to)
  await reach(0)
  for (const each of running) await each.kill('SIGTERM')
  return Math.round(((begin.now - end.now) / (end.at - begin.at)) * 1_000)
}
