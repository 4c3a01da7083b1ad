import { type Kysely, sql } from 'kysely'

/** What an adapter must remember of its account, sealed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connections add column kept text`.execute(db)
}
