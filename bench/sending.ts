import { aws } from './clouds/aws.ts'
import { atMarket } from './due.ts'
import { forgetPeak, median, peakMib } from './measure.ts'
import { option, pause } from './process.ts'

/**
 * 100,000 usage records of 10,000 agreements of one seller account, all due at once: how many calls it takes to tell
 * them, at the rate that the simulated marketplace allows, against the fewest there can be; and the sender's memory on
 * the way. `npm run bench:sending -- --records 100000`
 */
const cloud = aws
const records = option('records', 100_000)
const agreements = option('agreements', 10_000)
const everyMs = 1_000
const parts = 5

await atMarket(cloud, { accounts: 1, agreements }, async (market) => {
  await market.owe(records)
  const before = await cloud.usageCalls(market.clouds)
  const heldBefore = await cloud.heldRecords(market.clouds)
  const worker = await market.work('sender')
  const pid = worker.child.pid ?? 0
  while ((await market.waiting()) === records) await pause(everyMs)
  const started = performance.now()
  const peaks: number[] = []
  for (let part = 1; part <= parts; part++) {
    const until = Math.floor((records * (parts - part)) / parts)
    while ((await market.waiting()) > until) await pause(everyMs)
    peaks.push(peakMib(pid))
    forgetPeak(pid)
  }
  const seconds = (performance.now() - started) / 1_000
  await worker.kill('SIGTERM')
  const held = (await cloud.heldRecords(market.clouds)) - heldBefore
  if (held !== records) throw new Error(`the marketplace holds ${held} records of ${records}`)
  const calls = (await cloud.usageCalls(market.clouds)) - before
  const least = Math.ceil(records / cloud.recordsPerCall)
  console.log(
    `${cloud.provider}: ${records} records of ${agreements} agreements in ${Math.round(seconds)} s: ${calls} calls, at least ${least}; ${(calls / seconds).toFixed(1)} calls/s`,
  )
  console.log(`peak memory of the worker in each fifth: ${peaks.join(', ')} MiB`)
  console.log(
    `WORKER_MEMORY_FLAT ${((peaks.at(-1) ?? 0) / (median(peaks.slice(0, 2)) || 1)).toFixed(2)}`,
  )
  console.log(`SENDING_CALLS ${(calls / least).toFixed(4)}`)
})
