import process from 'node:process'
import { asProblem, Problem } from './kernel/problem.ts'
import { readConfig } from './platform/config.ts'

/** Starts on Node: `node src/node.ts` serves and works, `node src/node.ts worker` only works. */
try {
  const config = readConfig(process.env)
  const serves = process.argv[2] !== 'worker'
  if (config.local) {
    if (!serves)
      throw new Problem(
        'invalid',
        'workers need DATABASE_URL: the embedded database belongs to one process',
      )
    // The database opens in its own thread while this one still loads the rest.
    const { openEmbedded } = await import('./platform/embedded.ts')
    const opening = openEmbedded(config.DATA_DIR)
    opening.catch(() => {})
    const { startLocal } = await import('./runtime/local.ts')
    await startLocal(config, opening)
  } else {
    const { startProduction } = await import('./runtime/production.ts')
    await startProduction(config, serves)
  }
} catch (error) {
  const problem = asProblem(error)
  const cause = problem.cause instanceof Error ? problem.cause : problem
  // What went wrong in the world around us needs its message; a bug of ours needs its trace.
  const isOurs = problem.code === 'internal' && !('code' in cause)
  const said = problem.code === 'internal' ? cause.message : problem.message
  process.stderr.write(`tradepost cannot start: ${said}\n${isOurs ? `${cause.stack}\n` : ''}`)
  process.exit(1)
}
