import { intervalMicros } from '../../kernel/index.ts'
import type { EarlyEmit } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import type { Report } from '../bind/index.ts'
import type { Relation } from './relation.ts'

/** What EMIT says of windowed results; undefined: each is emitted once, when its window closes. */
export function earlyEmit(report: Report, emit: ast.Emit | null): EarlyEmit | undefined {
  if (emit === null || !isEarly(emit)) return undefined
  if (emit.every === null) return { kind: 'changes', every: null }
  const every = intervalMicros(emit.every.value)
  if (every !== undefined && every > 0) return { kind: 'changes', every }
  const wrong = every === undefined ? 'cannot be measured in months or years' : 'must be longer than nothing'
  report.error('SQL_INVALID', `the interval of EMIT ${wrong}`, emit.every.span, {
    hint: "Write it in seconds, as in EMIT CHANGES EVERY INTERVAL '5 seconds'.",
  })
  return undefined
}

function isEarly({ mode }: ast.Emit): boolean {
  return mode === 'CHANGES' || mode === 'EVERY'
}

/** EVERY where results do not wait for a window: they leave as they come. */
export function refuseEvery(report: Report, emit: ast.Emit | null): void {
  if (emit === null || emit.every === null) return
  report.unsupported(
    `EMIT ${emit.mode === 'EVERY' ? 'EVERY' : 'CHANGES EVERY'} without a window is`,
    emit.span,
    'Group by a window of time, or leave it out: results leave as they change.',
  )
}

/** Whether the rows of a query can leave as its EMIT says. */
export function checkEmit(report: Report, emit: ast.Emit, relation: Relation): void {
  if (isEarly(emit) || relation.open || !relation.updating) return
  report.error('SQL_INVALID', `EMIT ${emit.mode} has no meaning here: results of this query change`, emit.span, {
    detail: 'No window closes after which they stay as they are.',
    hint: "Group by a window, as in GROUP BY key, TUMBLE(INTERVAL '1 minute'), or leave it out: every change is emitted.",
  })
}
