import { factsOf, type Org } from './org.ts'
import type { Row } from './schema.ts'
import { parseDateTime } from './stamp.ts'

/** `GET /services/oauth2/userinfo` (OpenID Connect user info). */
export function userInfo(org: Org, user: Row) {
  const organization = factsOf(org).id
  const origin = `${org.world.origin()}/salesforce`
  const picture = `${origin}/profilephoto/005/F`
  const changedAt = parseDateTime(String(user.SystemModstamp)) ?? 0
  return {
    sub: `${origin}/id/${organization}/${user.Id}`,
    user_id: user.Id,
    organization_id: organization,
    preferred_username: user.Username,
    nickname: `User${user.Id.slice(3, 15)}`,
    name: user.Name,
    email: user.Email,
    email_verified: true,
    given_name: user.FirstName,
    family_name: user.LastName,
    zoneinfo: 'America/Los_Angeles',
    photos: { picture, thumbnail: `${origin}/profilephoto/005/T` },
    profile: `${origin}/${user.Id}`,
    picture,
    address: {},
    is_salesforce_integration_user: user.Profile === 'Salesforce API Only System Integrations',
    urls: urls(origin, organization, user.Id),
    active: user.IsActive,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: -28_800_000,
    updated_at: `${new Date(changedAt).toISOString().slice(0, 19)}Z`,
  }
}

/** `GET /id/<org>/<user>`: the identity URL of a token. */
export function identity(org: Org, user: Row) {
  const organization = factsOf(org).id
  const origin = `${org.world.origin()}/salesforce`
  return {
    id: `${origin}/id/${organization}/${user.Id}`,
    asserted_user: true,
    user_id: user.Id,
    organization_id: organization,
    username: user.Username,
    nick_name: `User${user.Id.slice(3, 15)}`,
    display_name: user.Name,
    email: user.Email,
    email_verified: true,
    first_name: user.FirstName,
    last_name: user.LastName,
    timezone: 'America/Los_Angeles',
    urls: urls(origin, organization, user.Id),
    active: user.IsActive,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: -28_800_000,
    is_app_installed: true,
  }
}

function urls(origin: string, organization: string, userId: string) {
  const data = `${origin}/services/data/v{version}`
  const soap = (kind: string) =>
    `${origin}/services/Soap/${kind}/{version}/${organization.slice(0, 15)}`
  return {
    enterprise: soap('c'),
    metadata: soap('m'),
    partner: soap('u'),
    rest: `${data}/`,
    sobjects: `${data}/sobjects/`,
    search: `${data}/search/`,
    query: `${data}/query/`,
    recent: `${data}/recent/`,
    tooling_rest: `${data}/tooling/`,
    profile: `${origin}/${userId}`,
    custom_domain: origin,
  }
}
