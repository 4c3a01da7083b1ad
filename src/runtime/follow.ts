const followEveryMs = 100
const followTimeoutMs = 5_000

/** The clock of clouds that are simulated in another process: asked for again and again, and trusted in between. */
export async function followClock(
  address: string,
  last: number | undefined,
): Promise<{ now: () => number; stop: () => void }> {
  let ahead = 0
  let newest = last ?? 0
  const ask = async () => {
    const answer = await fetch(`${address}/clock`, { signal: AbortSignal.timeout(followTimeoutMs) })
    const { now } = (await answer.json()) as { now: string }
    ahead = Date.parse(now) - Date.now()
  }
  await ask()
  const timer = setInterval(() => void ask().catch(() => {}), followEveryMs)
  const now = () => {
    newest = Math.max(newest, Date.now() + ahead)
    return newest
  }
  return { now, stop: () => clearInterval(timer) }
}

/** Where clouds are simulated in another process, as SIMULATOR says; undefined when it says no address. */
export const simulatedAt = (setting: string): string | undefined =>
  /^https?:/.test(setting) ? setting.replace(/\/$/, '') : undefined
