/**
 * Writes docs/reference/*.md from the registries: connectors, formats, functions, error codes. With --check nothing is written, and the
 * exit code is 1 when a page is out of date. Needs compiled sources.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const load = (layer) => import(new URL(`../packages/millrace/dist/${layer}/index.js`, import.meta.url).href)
const [{ CONNECTORS, TABLE_OPTIONS }, { FORMATS }, { FRAMINGS }, engine, { ERROR_CODES, typeName }] = await Promise.all(
  ['connectors', 'formats', 'framing', 'engine', 'kernel'].map(load),
)

const pages = {
  'connectors.md': connectorsPage(),
  'formats.md': formatsPage(),
  'functions.md': functionsPage(),
  'errors.md': errorsPage(),
}

const folder = join(root, 'docs/reference')
const stale = Object.entries(pages).filter(([name, text]) => {
  const path = join(folder, name)
  return !existsSync(path) || readFileSync(path, 'utf8') !== text
})
if (process.argv.includes('--check')) {
  for (const [name] of stale) console.error(`docs/reference/${name} is out of date: run "npm run docs"`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of stale) writeFileSync(join(folder, name), text)
}

function connectorsPage() {
  const parts = [
    page(
      'Connectors',
      'A table names its connector and options in `WITH`. Durations are texts with a unit, sizes are bytes or texts with a unit, switches are true or false.',
    ),
    '## Options of every table',
    optionsTable(TABLE_OPTIONS),
  ]
  for (const c of CONNECTORS) {
    const roles = [c.capabilities.source && 'source', c.capabilities.sink && 'sink'].filter(Boolean).join(' and ')
    parts.push(
      `## ${c.name}`,
      c.summary,
      facts([
        ['Used as', roles],
        ['Also called', c.aliases.map(code).join(', ')],
        ['Default format', c.defaultFormat === null ? '' : code(c.defaultFormat)],
        [
          'Takes',
          c.capabilities.sink
            ? c.capabilities.accepts.map((a) => (a === 'append' ? 'appended rows' : 'changelogs')).join(' and ')
            : '',
        ],
        ['Delivery', c.capabilities.delivery.replaceAll('_', ' ')],
      ]),
    )
    parts.push(optionsTable(c.options))
    if (c.metadata.length > 0) {
      parts.push("Metadata columns, declared as `name TYPE METADATA FROM 'key'`:")
      parts.push(
        table(
          ['Key', 'Type', 'Meaning'],
          c.metadata.map((m) => [code(m.key), typeName(m.type), m.doc]),
        ),
      )
    }
    for (const example of c.examples) parts.push(`${example.title}:`, fence(example.sql))
  }
  return join_(parts)
}

function formatsPage() {
  const parts = [
    page(
      'Formats and framings',
      'A format reads records into columns and writes rows. A framing splits a message into records before.',
    ),
  ]
  for (const f of FORMATS) {
    parts.push(
      `## Format ${f.name}`,
      f.summary,
      facts([['Also called', f.aliases.map(code).join(', ')]]),
      optionsTable(f.options),
    )
  }
  for (const f of FRAMINGS) parts.push(`## Framing ${f.name}`, f.summary, optionsTable(f.options))
  return join_(parts)
}

function functionsPage() {
  const parts = [
    page(
      'Functions and operators',
      'NULL arguments give NULL unless said otherwise. Every example is run by the test suite.',
    ),
  ]
  for (const family of engine.FUNCTION_FAMILIES) {
    parts.push(`## ${family.title}`)
    for (const f of family.functions)
      parts.push(
        ...functionEntry(
          f,
          f.examples.map((e) => [e.sql, e.result]),
        ),
      )
  }
  parts.push('## Aggregates', 'All but COUNT ignore NULL. All take `DISTINCT` and `FILTER (WHERE ...)`.')
  for (const a of engine.AGGREGATES) {
    const examples = a.examples.map((e) => [
      `${e.sql} over ${e.values.length === 0 ? 'no rows' : e.values.map((v) => (v === null ? 'NULL' : shown(v))).join(', ')}`,
      e.result,
    ])
    parts.push(...functionEntry(a, examples))
  }
  return join_(parts)
}

function functionEntry(f, examples) {
  const also = f.aliases.length === 0 ? '' : ` Also ${f.aliases.map(code).join(', ')}.`
  return [
    `### ${f.name}`,
    `${f.doc}${also}`,
    examples.length === 0 ? '' : fence(examples.map(([sql, result]) => `${sql}  -- ${result}`).join('\n')),
  ]
}

function errorsPage() {
  const rows = Object.entries(ERROR_CODES).map(([name, e]) => [
    code(name),
    e.doc,
    e.who,
    e.retry,
    e.exit,
    e.http,
    e.close,
  ])
  return join_([
    page(
      'Error codes',
      '`who` has to act: the user, an outside system, or us. `exit` is the exit code of the command line, `close` the WebSocket close code.',
    ),
    table(['Code', 'Meaning', 'Who', 'Retry', 'Exit', 'HTTP', 'Close'], rows),
  ])
}

function page(title, intro) {
  return `<!-- Written by scripts/docs.mjs; do not edit. -->\n\n# ${title}\n\n${intro}`
}

function optionsTable(schema) {
  const rows = Object.entries(schema.shape).map(([name, option]) => [
    code(name),
    option.safeParse(undefined).success ? '' : 'yes',
    option.description ?? '',
  ])
  return rows.length === 0 ? 'No options.' : table(['Option', 'Required', 'Meaning'], rows)
}

function facts(list) {
  return list
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `* ${name}: ${value}`)
    .join('\n')
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((c) => String(c).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function shown(value) {
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if ('unscaled' in value) {
    const digits = String(value.unscaled).padStart(value.scale + 1, '0')
    return value.scale === 0 ? digits : `${digits.slice(0, -value.scale)}.${digits.slice(-value.scale)}`
  }
  return JSON.stringify(value)
}

function code(text) {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

function fence(text) {
  return `\`\`\`sql\n${text.trim()}\n\`\`\``
}

function join_(parts) {
  return `${parts.filter((p) => p !== '').join('\n\n')}\n`
}
