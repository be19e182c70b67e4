import type { Call, CommonTable, ObjectName, Query, Statement } from './ast/index.ts'
import { nameText } from './bind/index.ts'

/** Names as the statement first spells them, each once however its case varies. */
export interface StatementRelations {
  /** The table, view or pipeline it makes. */
  readonly creates: string | null
  /** Tables, views and topics its queries read, in the order of the text; common tables are none. */
  readonly reads: readonly string[]
  /** Tables it inserts into. */
  readonly writes: readonly string[]
}

/** What a statement has to do with relations when it runs; EXPLAIN as the statement it explains, which makes nothing. */
export function relationsOf(statement: Statement): StatementRelations {
  const reads = new Names()
  const none: StatementRelations = { creates: null, reads: [], writes: [] }
  switch (statement.kind) {
    case 'create-table':
    case 'create-view':
      if (statement.query !== null) readQuery(statement.query, reads, new Set())
      return { ...none, creates: nameText(statement.name), reads: reads.all }
    case 'create-pipeline':
      return { ...relationsOf(statement.statement), creates: nameText(statement.name) }
    case 'insert':
      readQuery(statement.query, reads, new Set())
      return { ...none, reads: reads.all, writes: [nameText(statement.table)] }
    case 'query':
      readQuery(statement, reads, new Set())
      return { ...none, reads: reads.all }
    case 'explain':
      return { ...relationsOf(statement.statement), creates: null }
    default:
      return none
  }
}

class Names {
  readonly #byKey = new Map<string, string>()

  add(name: ObjectName, common: ReadonlySet<string>): void {
    const text = nameText(name)
    const key = text.toLowerCase()
    if (!common.has(key) && !this.#byKey.has(key)) this.#byKey.set(key, text)
  }

  get all(): readonly string[] {
    return [...this.#byKey.values()]
  }
}

/** `common`: names of common tables in scope, in lower case. Each sees those before it, a recursive one itself too. */
function readQuery({ with: clause, ...rest }: Query, reads: Names, common: ReadonlySet<string>): void {
  const scope = new Set(common)
  const key = ({ name }: CommonTable) => name.name.toLowerCase()
  for (const table of clause?.tables ?? []) {
    if (clause!.recursive) scope.add(key(table))
    readQuery(table.query, reads, new Set(scope))
    scope.add(key(table))
  }
  for (const part of Object.values(rest)) readNode(part, reads, scope)
}

/** Any part of a query: the only nodes that say something of relations are those named here, wherever they stand. */
function readNode(node: unknown, reads: Names, common: ReadonlySet<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) readNode(item, reads, common)
    return
  }
  if (!isNode(node)) return
  switch (node.kind) {
    case 'query':
      return readQuery(node as unknown as Query, reads, common)
    case 'table':
      reads.add(node['name'] as ObjectName, common)
      break
    case 'table-argument': {
      const source = node['source'] as ObjectName | Query
      if (source.kind === 'object-name') reads.add(source, common)
      break
    }
    case 'table-function': {
      const name = tableArgument(node['call'] as Call)
      if (name !== undefined) reads.add(name, common)
      break
    }
  }
  for (const part of Object.values(node)) readNode(part, reads, common)
}

interface Node extends Readonly<Record<string, unknown>> {
  readonly kind: string
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value
}

const TAKES_TABLE: ReadonlySet<string> = new Set(['late', 'tumble', 'hop', 'session'])

/** The `v` of `LATE(v)`, which looks like a column. */
function tableArgument({ name, arguments: [first] }: Call): ObjectName | undefined {
  if (first?.value.kind !== 'column' || !TAKES_TABLE.has(nameText(name).toLowerCase())) return undefined
  return { kind: 'object-name', span: first.value.span, parts: first.value.path }
}
