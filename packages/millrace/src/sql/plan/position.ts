import { MillraceError, parseTimestamp } from '../../kernel/index.ts'
import type { Input, SourceNode, TopicPosition } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { nameText, type Report } from '../bind/index.ts'
import type { Draft } from './draft.ts'
import type { Planner } from './planner.ts'
import type { Relation } from './relation.ts'

type Range = Pick<SourceNode, 'from' | 'to'>

/**
 * The rows of a table between the positions that stand behind its name: nodes of their own, since others may read it elsewhere.
 * `relation`: all its rows, as they are read without positions.
 */
export function positioned(
  planner: Planner,
  reference: ast.TableReference,
  relation: Relation,
  isTable: boolean,
): Relation {
  const first = reference.from ?? reference.to
  if (first === null || relation.open) return relation
  const { report, draft } = planner
  const range = bindRange(report, reference)
  if (range === undefined || !mayPosition(planner, reference.name, first, isTable)) return relation
  return { ...relation, input: reread(draft, relation.input, range) }
}

function mayPosition(planner: Planner, name: ast.ObjectName, { span }: ast.ReadPosition, isTable: boolean): boolean {
  const { report } = planner
  const text = nameText(name)
  if (!isTable) {
    report.error('SQL_INVALID', `"${text}" is a query, which has no positions to read from`, span, {
      hint: 'Write the position behind the table that the query reads.',
    })
    return false
  }
  if (!planner.topics) {
    report.error('SQL_INVALID', `table "${text}" has no positions to read from: no log keeps its records`, span, {
      hint: 'Run with --data-dir DIR: what tables say is then kept in a log in that directory.',
    })
    return false
  }
  const { description } = planner.tables.get(text.toLowerCase())!
  if (description.topic || description.captured) return true
  report.error('SQL_INVALID', `table "${text}" has no positions to read from: it is not captured`, span, {
    detail: "Its retention is 'none'.",
    hint: "Leave retention = 'none' out, or say how long its records are kept.",
  })
  return false
}

/** Undefined: a position is faulty, which is reported. */
function bindRange(report: Report, { from, to }: ast.TableReference): Range | undefined {
  const start = from === null ? null : bindPosition(report, from)
  const end = to === null ? null : bindPosition(report, to)
  if (start === undefined || end === undefined) return undefined
  return { ...(start === null ? {} : { from: start }), ...(end === null ? {} : { to: end }) }
}

function bindPosition(report: Report, { place, value, span }: ast.ReadPosition): TopicPosition | undefined {
  switch (place) {
    case 'EARLIEST':
      return { kind: 'earliest' }
    case 'LATEST':
      return { kind: 'latest' }
    case 'OFFSET': {
      const offset = Number(value)
      if (Number.isSafeInteger(offset)) return { kind: 'offset', offset }
      return report.error('SQL_INVALID', `no topic has an offset ${value}`, span)
    }
    case 'TIMESTAMP': {
      const timestamp = parseTimestamp(value ?? '')
      if (typeof timestamp === 'number') return { kind: 'timestamp', timestamp }
      return report.error('SQL_INVALID', `'${value}' is no TIMESTAMP`, span, {
        hint: "Write it as TIMESTAMP '2024-08-08 23:54:00'.",
      })
    }
  }
}

/** Copies of the nodes that lead from a source to `input`, and of the source, which reads the range. */
function reread(draft: Draft, input: Input, range: Range): Input {
  const node = draft.node(input.node)
  switch (node.kind) {
    case 'source':
      return draft.add({ ...node, ...range })
    case 'upsert':
    case 'project':
    case 'watermark':
      return draft.add({ ...node, input: reread(draft, node.input, range) })
    default:
      throw new MillraceError('INTERNAL', `the rows of a table come from a node of kind "${node.kind}"`)
  }
}
