import type * as ast from '../ast/index.ts'
import { nameText, uniqueName } from '../bind/index.ts'
import type { Planner } from './planner.ts'
import type { Item } from './select-items.ts'

/**
 * Names of the columns of a SELECT list: the alias; else the last part of a path, the name of the operand of a cast, the name of a
 * function; else what the dialect numbers (`column3`). Every name is there once: a second `count` is `count_2`; a second alias of the same
 * name is an error.
 */
export function outputNames(planner: Planner, items: readonly Item[]): string[] {
  const { report, environment } = planner
  const { columnNaming } = environment.dialect
  const taken = new Set<string>()
  for (const { alias, span } of items) {
    if (alias === null) continue
    if (taken.has(alias)) {
      report.error('SQL_DUPLICATE', `two columns of the SELECT list are named "${alias}"`, span, {
        hint: 'Give one of them another alias.',
      })
    }
    taken.add(alias)
  }
  return items.map(({ alias, column, expression }, i) => {
    if (alias !== null) return alias
    const name = column?.name ?? derivedName(expression!, columnNaming.calls) ?? `${columnNaming.prefix}${i + 1}`
    return uniqueName(name, taken)
  })
}

function derivedName(node: ast.Expression, calls: 'as-written' | 'lower-case'): string | undefined {
  switch (node.kind) {
    case 'column':
      return node.path.at(-1)!.name
    case 'field':
      return node.field.name
    case 'cast':
      return derivedName(node.operand, calls)
    case 'call': {
      const name = nameText(node.name)
      return calls === 'lower-case' ? name.toLowerCase() : name
    }
    case 'case':
    case 'extract':
    case 'position':
    case 'trim':
    case 'array':
    case 'struct':
      return calls === 'lower-case' ? node.kind : node.kind.toUpperCase()
    default:
      return undefined
  }
}
