import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { adapters } from '../adapters/index.ts'
import { environment } from '../src/platform/config.ts'
import { matrix, traits } from './readme-matrix.ts'
import { requests } from './readme-offer.ts'

/** The parts of the README that are made from the source: `npm run readme` writes them, a test compares. */
const file = join(import.meta.dirname, '../README.md')
export const generated: Readonly<Record<string, string>> = {
  configuration: [
    '| Variable | Default | What it does |',
    '|---|---|---|',
    ...Object.entries(
      z.toJSONSchema(environment, { io: 'input', unrepresentable: 'any' }).properties ?? {},
    ).map(([name, schema]) => {
      const { default: standard, description } = schema as {
        default?: unknown
        description?: string
      }
      return `| \`${name}\` | ${standard === undefined ? '' : `\`${standard}\``} | ${description} |`
    }),
  ].join('\n'),
  matrix: matrix(adapters),
  traits: traits(adapters),
  requests: requests(adapters),
}

/** The README with its generated parts as the source has them. */
export function renewed(text: string): string {
  return Object.entries(generated).reduce((readme, [name, part]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(\n<!-- /${name} -->)`)
    if (!place.test(readme)) throw new Error(`README.md has no place for ${name}`)
    return readme.replace(place, (_, before, after) => `${before}${part}${after}`)
  }, text)
}

export const readme = (): string => readFileSync(file, 'utf8')

if (process.argv[2] === '--write') writeFileSync(file, renewed(readme()))
