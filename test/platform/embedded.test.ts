import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { openDb } from '../../src/platform/db.ts'
import { openEmbedded } from '../../src/platform/embedded.ts'

const folder = mkdtempSync(join(tmpdir(), 'tradepost-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('opens a folder once at a time, and finds its rows again', async () => {
  const first = await openEmbedded(folder)
  const one = openDb(first.target)
  await sql`create table kept (n numeric(38,12), i bigint, d date, t timestamptz)`.execute(one.db)
  await sql`insert into kept values (0.1, 9007199254740993, '2027-01-31', '2027-01-31T10:00:00+02')`.execute(
    one.db,
  )
  await expect(openEmbedded(folder)).rejects.toMatchObject({ code: 'conflict' })
  await one.db.destroy()
  await first.close()

  const second = await openEmbedded(folder)
  const two = openDb(second.target)
  const { rows } = await sql`select *, array[n] as ns from kept`.execute(two.db)
  expect(rows).toEqual([
    {
      n: '0.100000000000',
      i: 9007199254740993n,
      d: '2027-01-31',
      t: '2027-01-31T08:00:00.000Z',
      ns: ['0.100000000000'],
    },
  ])
  await two.db.destroy()
  await second.close()
})
