import type { ColumnType } from 'kysely'

/** A jsonb column: read as the type, written through `json()`. Never money as a number inside. */
export type Json<T> = ColumnType<T, T, T>
