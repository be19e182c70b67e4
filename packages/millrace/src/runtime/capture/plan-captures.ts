import { describeTable, resolveTable, templateNames } from '../../connectors/index.ts'
import { functionCatalog } from '../../engine/index.ts'
import { MillraceError, type OptionValue } from '../../kernel/index.ts'
import { parseScript, planScript, STANDARD, type Statement } from '../../sql/index.ts'
import type { ScriptSource } from '../script.ts'
import { type Templates, variablesMissing } from '../templates.ts'

export interface CapturedTable {
  readonly name: string
  readonly options: Readonly<Record<string, OptionValue>>
}

export interface PlacedError {
  readonly source: ScriptSource
  readonly error: MillraceError
}

export interface CapturePlan {
  readonly tables: readonly CapturedTable[]
  /** Tables that say retention = 'none'. */
  readonly skipped: readonly string[]
  readonly warnings: readonly string[]
  /** All of them; with any, nothing is to be started. */
  readonly errors: readonly PlacedError[]
}

/** Between two files: a statement does not go on from one into the next. */
const SEPARATOR = '\n;\n'

/** Reads scripts as one: which tables are captured. Queries are refused; views are checked, and are but names for queries to come. */
export function planCaptures(sources: readonly ScriptSource[], templates: Templates): CapturePlan {
  const parsed = parseScript(sources.map(({ text }) => text).join(SEPARATOR), STANDARD)
  const refused = parsed.statements.flatMap((statement) => refusal(statement) ?? [])
  const statements = parsed.statements.filter((statement) => refusal(statement) === null)
  const broken = parsed.errors.length > 0 || refused.length > 0
  const planned = planScript(
    statements,
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    // Tables alone are a whole script here.
    { defaultBadData: 'dead_letter', partial: broken || !statements.some(({ kind }) => kind === 'create-view') },
  )
  const errors = [...parsed.errors, ...refused, ...planned.errors]
  const readable = planned.tables.filter(({ description }) => description.errors.length === 0 && description.canRead)
  const tables: CapturedTable[] = []
  const skipped: string[] = []
  for (const table of errors.length > 0 ? [] : readable) {
    const options = Object.fromEntries(table.options.map(({ key, value }) => [key, value]))
    const { common, variables } = resolveTable(options, table.name)
    const missing = variables.filter((name) => !templates.has(name))
    if (missing.length > 0) {
      const option = table.options.find(({ value }) => templateNames(String(value)).some((name) => missing.includes(name)))
      errors.push(variablesMissing(missing).at(option?.span))
    }
    if (common.retention === null) skipped.push(table.name)
    else tables.push({ name: table.name, options })
  }
  return { tables, skipped, warnings: planned.warnings.map(String), errors: placed(errors, sources) }
}

/** What this server does not run yet. */
function refusal(statement: Statement): MillraceError | null {
  const refuse = (what: string, hint: string): MillraceError =>
    new MillraceError('SQL_UNSUPPORTED', `${what} is not run by "serve" yet`, {
      detail: 'It captures the tables of a script; views are checked and may stand in it.',
      hint,
      span: statement.span,
    })
  switch (statement.kind) {
    case 'query':
      return refuse('a SELECT', 'Run it with "millrace run FILE.sql".')
    case 'insert':
      return refuse('an INSERT', 'Run it with "millrace run FILE.sql".')
    case 'create-pipeline':
      return refuse('a pipeline', 'Run its INSERT with "millrace run FILE.sql".')
    case 'create-view':
      return statement.materialized ? refuse('a materialized view', 'Leave MATERIALIZED out.') : null
    case 'create-table':
      return statement.query === null ? null : refuse('CREATE TABLE ... AS', 'Write CREATE VIEW ... AS.')
    default:
      return null
  }
}

/** Each error at its place in the file it is of, in the order of the files. */
function placed(errors: readonly MillraceError[], sources: readonly ScriptSource[]): readonly PlacedError[] {
  const starts: number[] = []
  let end = 0
  for (const { text } of sources) {
    starts.push(end)
    end += text.length + SEPARATOR.length
  }
  return [...errors]
    .sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0))
    .map((error) => {
      const at = error.span?.start ?? 0
      const index = Math.max(0, starts.findLastIndex((start) => start <= at))
      const shift = starts[index] ?? 0
      const span = error.span && { start: error.span.start - shift, end: error.span.end - shift }
      const { code, message, detail, hint, cause } = error
      return { source: sources[index]!, error: new MillraceError(code, message, { detail, hint, cause, span }) }
    })
}
