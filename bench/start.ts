import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** From starting the process to `ready` on an existing data folder, against opening the bare embedded database there. */
const rounds = 7
const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'tradepost-start-'))
const bare = `
  import { PGlite } from '@electric-sql/pglite'
  const database = await PGlite.create(${JSON.stringify(join(folder, 'postgres'))})
  await database.query('select 1')
  console.log('ready')
  process.exit(0)`

await ready(['src/node.ts'])
const ours: number[] = []
const theirs: number[] = []
for (let round = 0; round < rounds; round++) {
  theirs.push(await ready(['--input-type=module', '-e', bare]))
  ours.push(await ready(['src/node.ts']))
}
rmSync(folder, { recursive: true, force: true })
console.log(`bare embedded database: median ${median(theirs)} ms of ${theirs.join(', ')}`)
console.log(`tradepost to ready:     median ${median(ours)} ms of ${ours.join(', ')}`)
console.log(`START_VS_BARE ${(median(ours) / median(theirs)).toFixed(2)}`)

/** Milliseconds until the process says `ready`; then it is asked to stop, and waited for. */
function ready(args: readonly string[]): Promise<number> {
  const started = performance.now()
  const cache = join(root, 'node_modules/.cache/node')
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: folder,
      DEMO: 'off',
      NODE_COMPILE_CACHE: cache,
      DATABASE_URL: '',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let took = 0
    child.stdout.on('data', (chunk: Buffer) => {
      if (took > 0 || !String(chunk).includes('ready')) return
      took = Math.round(performance.now() - started)
      child.kill('SIGTERM')
    })
    child.on('exit', (code) =>
      took > 0 ? resolve(took) : reject(new Error(`ended with ${code} before it was ready`)),
    )
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
