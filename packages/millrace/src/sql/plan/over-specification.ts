import { didYouMean } from '../../kernel/index.ts'
import type * as ast from '../ast/index.ts'
import { findName, type Report } from '../bind/index.ts'

/**
 * What OVER says once the windows it names are looked up. `OVER w` is w; `OVER (w ...)` adds an order, where w has none, and a frame. A
 * window may be built on one that is defined before it.
 */
export function resolveSpecification(
  report: Report,
  windows: readonly ast.NamedWindow[],
  over: ast.WindowSpecification | ast.WindowReference,
): ast.WindowSpecification | undefined {
  if (over.kind === 'window-reference') return resolveNamed(report, windows, over.name)
  if (over.base === null) return over
  const base = resolveNamed(report, windows, over.base)
  if (base === undefined) return undefined
  const refused =
    over.partitionBy.length > 0
      ? 'PARTITION BY'
      : over.orderBy.length > 0 && base.orderBy.length > 0
        ? 'a second ORDER BY'
        : base.frame !== null
          ? 'anything but OVER itself, as it has a frame'
          : undefined
  if (refused !== undefined) {
    return report.error('SQL_INVALID', `window "${over.base.name}" does not take ${refused}`, over.span, {
      hint: `Write OVER ${over.base.name}, or the whole window instead of its name.`,
    })
  }
  return {
    ...over,
    base: null,
    partitionBy: base.partitionBy,
    orderBy: base.orderBy.length > 0 ? base.orderBy : over.orderBy,
  }
}

function resolveNamed(
  report: Report,
  windows: readonly ast.NamedWindow[],
  name: ast.Identifier,
): ast.WindowSpecification | undefined {
  const found = findName(name.name, windows, (w) => w.name.name)
  if (found !== undefined)
    return resolveSpecification(report, windows.slice(0, windows.indexOf(found)), found.specification)
  const names = windows.map((w) => w.name.name)
  return report.error('SQL_INVALID', `there is no window "${name.name}"`, name.span, {
    hint:
      didYouMean(name.name, names) ?? `Define it behind FROM: WINDOW ${name.name} AS (PARTITION BY ... ORDER BY ...).`,
  })
}

/** Whether two windows of the WINDOW clause have one name. */
export function checkWindowNames(report: Report, windows: readonly ast.NamedWindow[]): void {
  const taken = new Set<string>()
  for (const { name } of windows) {
    if (taken.has(name.name.toLowerCase()))
      report.error('SQL_DUPLICATE', `window "${name.name}" is defined twice`, name.span)
    taken.add(name.name.toLowerCase())
  }
}
