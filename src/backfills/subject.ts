import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, type Violation } from '../kernel/problem.ts'
import * as listings from '../listings/service.ts'

/** Whose events are meant, by our ids. */
export async function subjectOf(
  deps: Deps,
  { listing, agreement }: { listing?: string | undefined; agreement?: string | undefined },
): Promise<
  | { readonly listing: Id<'lst'>; readonly agreement: Id<'agr'> | null }
  | { readonly faults: readonly Violation[] }
> {
  const no = (path: string, message: string) => ({ faults: [{ path, message }] })
  if (agreement === undefined) {
    if (!(await isListing(deps, listing ?? ''))) return no('listing', `no listing ${listing}`)
    return { listing: listing as Id<'lst'>, agreement: null }
  }
  const found = (await agreements.find(deps, [agreement])).get(agreement)
  if (!found) return no('agreement', `no agreement ${agreement}`)
  if (found.listing === null) return no('agreement', 'its listing is not known here')
  return { listing: found.listing, agreement: found.id }
}

async function isListing(deps: Deps, id: string): Promise<boolean> {
  try {
    await listings.get(deps, id)
    return true
  } catch (error) {
    if (asProblem(error).code === 'not_found') return false
    throw error
  }
}
