import { type RawBuilder, sql } from 'kysely'

/**
 * SQL: whether an agreement's contract prices a dimension by any version that was, is in force or will be; both are
 * expressions of the query around, such as columns.
 */
export const everPriced = (
  agreement: RawBuilder<unknown>,
  dimension: RawBuilder<unknown>,
): RawBuilder<boolean> =>
  sql<boolean>`exists (select from contract_books priced
    where priced.agreement = ${agreement} and ${dimension} = any(priced.dimensions))`
