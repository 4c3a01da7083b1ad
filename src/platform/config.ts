import * as z from 'zod'
import { Problem } from '../kernel/problem.ts'
import { parseKeys } from './seal.ts'

const port = z.coerce.number().int().min(0).max(65535)

/** Every environment variable there is. The README's table is generated from these descriptions. */
export const environment = z.object({
  PORT: port
    .default(8787)
    .describe('Where the API listens, on 127.0.0.1 unless HOST says otherwise'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on; 0.0.0.0 in a container'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional()
    .describe(
      'Postgres 15 or newer. Absent: the local world (embedded database, simulated clouds)',
    ),
  DATA_DIR: z
    .string()
    .default('./data')
    .describe('Folder of the local world; nothing else is written'),
  SECRET_KEY: z
    .string()
    .optional()
    .describe(
      'Seals stored credentials (AES-256-GCM): `id:key` with 32 random bytes in base64 or hex; several, comma-separated, newest first, to rotate. Required with DATABASE_URL',
    ),
  ADMIN_KEY: z
    .string()
    .min(24, 'must have at least 24 characters')
    .optional()
    .describe('The first admin API key; made and printed once when unset'),
  SIMULATOR: z
    .string()
    .default('on')
    .describe(
      'An address: clouds simulated there, whose time is kept; with DATABASE_URL for proofs only. In the local world `on` serves simulated clouds on PORT+1, `off` does not',
    ),
  DEMO: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Local world only: `off` starts without demo connections and without the demo deal'),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe(
      'Address under which buyers and clouds reach this server; default http://127.0.0.1:PORT',
    ),
  JOB_SLOTS: z.coerce
    .number()
    .int()
    .min(0)
    .max(64)
    .default(8)
    .describe(
      'Jobs one process works on at a time; 0 serves only and leaves the work to `npm run worker`',
    ),
  SENDERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe(
      'Of these, how many send usage at a time, four calls each; what a marketplace takes a second is kept by all processes together',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .optional()
    .describe('Lines on standard error, JSON, one a line; default info, in the local world warn'),
})

export type Config = z.infer<typeof environment> & { readonly local: boolean }

/** Parses the environment once. Throws `invalid` naming every fault; empty variables count as absent. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(present)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message,
    }))
    throw new Problem('invalid', errors.map((e) => `${e.path}: ${e.message}`).join('; '), {
      errors,
    })
  }
  const config = { ...parsed.data, local: parsed.data.DATABASE_URL === undefined }
  if (config.SECRET_KEY !== undefined) parseKeys(config.SECRET_KEY)
  else if (!config.local) {
    throw new Problem(
      'invalid',
      'SECRET_KEY is required with DATABASE_URL: make one with `openssl rand -base64 32`',
    )
  }
  return config
}
