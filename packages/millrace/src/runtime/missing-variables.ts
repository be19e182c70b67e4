import { resolveTable, templateNames } from '../connectors/index.ts'
import type { MillraceError } from '../kernel/index.ts'
import type { CompiledScript } from './script.ts'
import { type Templates, variablesMissing } from './templates.ts'

/**
 * CONFIG_VARIABLE_MISSING with every variable that the tables in use mention and `templates` does not know, at the first option that
 * mentions one; null when there is none.
 */
export function missingVariables(script: CompiledScript, templates: Templates): MillraceError | null {
  const used = (script.dataflow?.nodes ?? []).filter((node) => node.kind === 'source' || node.kind === 'sink')
  const mentioned = used.flatMap((node) => resolveTable(node.options, node.table).variables)
  const missing = [...new Set(mentioned)].filter((name) => !templates.has(name))
  if (missing.length === 0) return null
  const tables = script.tables.filter((table) => used.some((node) => node.table === table.name))
  const option = tables
    .flatMap((table) => table.options)
    .find(({ value }) => templateNames(String(value)).some((name) => missing.includes(name)))
  return variablesMissing(missing).at(option?.span)
}
