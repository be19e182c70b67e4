import type {
  BadDataPolicy,
  DataType,
  DescribeTable,
  MillraceError,
  RawOption,
  Schema,
  TableDescription,
} from '../../kernel/index.ts'
import type { Dataflow, FunctionCatalog, NodeId } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { nameText, type PlanWarning, Report } from '../bind/index.ts'
import { type Dialect, STANDARD } from '../dialect.ts'
import { printStatement } from '../print/index.ts'
import { Draft } from './draft.ts'
import { finishDataflow } from './finish.ts'
import { type Insertion, planInsert, planSink } from './insert.ts'
import type { Planner } from './planner.ts'
import { checkColumnCount, planQuery } from './query.ts'
import { type Relation, renamed } from './relation.ts'
import { applySetting, DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { bindTable, type ColumnOrigin, type Table } from './table.ts'
import { refuseStatement } from './refusals.ts'

export interface PlanCatalog {
  readonly functions: FunctionCatalog
  readonly describeTable: DescribeTable
  readonly dialect?: Dialect
}

export interface PlanOptions {
  /** What becomes of bad records of tables that do not say. */
  readonly defaultBadData?: BadDataPolicy
  /** There is a log: tables may be topics, and what is kept in topics can be read from any position. Absent: there is none. */
  readonly topics?: boolean
  /** What becomes of CREATE MATERIALIZED VIEW: it is computed like a view (the default), or refused. */
  readonly materialized?: 'view' | 'refuse'
  /** Statements are missing because they could not be parsed: names that nothing defines are then no errors. */
  readonly partial?: boolean
}

export interface PlannedColumn {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  readonly origin: ColumnOrigin['kind']
}

export interface PlannedTable {
  readonly name: string
  readonly columns: readonly PlannedColumn[]
  readonly primaryKey: readonly string[]
  readonly options: readonly RawOption[]
  readonly description: TableDescription
  /** The statement in canonical form. */
  readonly sql: string
}

export interface PlannedView {
  readonly name: string
  readonly schema: Schema
  readonly updating: boolean
  /** The statement in canonical form. */
  readonly sql: string
}

export interface PlannedOutput {
  readonly nodeId: NodeId
  readonly name: string
  /** Visible columns only. */
  readonly schema: Schema
  /** Rows carry weights. */
  readonly updating: boolean
  /** Columns that identify a row of an updating result; empty: it has one row. Null: none do, or nothing is ever taken back. */
  readonly key: readonly number[] | null
}

export interface PlannedSink {
  readonly nodeId: NodeId
  readonly table: string
  readonly schema: Schema
  readonly updating: boolean
  /** As of an output; for a table of upserts the columns of its PRIMARY KEY. */
  readonly key: readonly number[] | null
}

export interface ScriptPlan {
  /** Null when there are errors, or statements are missing. */
  readonly dataflow: Dataflow | null
  readonly tables: readonly PlannedTable[]
  readonly views: readonly PlannedView[]
  readonly outputs: readonly PlannedOutput[]
  readonly sinks: readonly PlannedSink[]
  readonly settings: Readonly<Settings>
  readonly warnings: readonly PlanWarning[]
  /** All of them, each with a span, in the order of the text. */
  readonly errors: readonly MillraceError[]
}

interface Result {
  readonly name: string
  readonly relation: Relation
}

/**
 * Plans a whole script as one dataflow: every bare SELECT is an output, every table inserted into a sink; a script of views gives the last
 * one. A table or view is planned once, however many queries read it.
 */
export function planScript(
  script: readonly ast.Statement[],
  catalog: PlanCatalog,
  options: PlanOptions = {},
): ScriptPlan {
  const report = new Report()
  const planner: Planner = {
    environment: { functions: catalog.functions, dialect: catalog.dialect ?? STANDARD, report },
    report,
    describeTable: catalog.describeTable,
    defaultBadData: options.defaultBadData ?? 'fail',
    draft: new Draft(),
    tables: new Map(),
    views: new Map(),
    settings: { ...DEFAULT_SETTINGS },
    later: new Set(),
    partial: options.partial ?? false,
    topics: options.topics ?? false,
  }
  const run = new ScriptRun(planner, options.materialized ?? 'view')
  const lastCreated = new Map(script.map((statement, i) => [createdName(statement), i]))
  for (const name of lastCreated.keys()) if (name !== undefined) planner.later.add(name)
  script.forEach((statement, i) => {
    const name = createdName(statement)
    if (name !== undefined && lastCreated.get(name) === i) planner.later.delete(name)
    run.statement(statement)
  })
  return run.finish(script)
}

/** What is wrong with a script, all at once. */
export function checkScript(
  script: readonly ast.Statement[],
  catalog: PlanCatalog,
  options: PlanOptions = {},
): readonly MillraceError[] {
  return planScript(script, catalog, options).errors
}

/** The name that a statement creates, in lower case. */
function createdName(statement: ast.Statement): string | undefined {
  const creates = statement.kind === 'create-table' || statement.kind === 'create-view'
  return creates ? nameText(statement.name).toLowerCase() : undefined
}

class ScriptRun {
  readonly #planner: Planner
  readonly #results: Result[] = []
  readonly #insertions = new Map<Table, Insertion[]>()
  readonly #viewStatements = new Map<string, ast.CreateView | ast.CreateTable>()
  readonly #materialized: NonNullable<PlanOptions['materialized']>
  #lastView: string | null = null

  constructor(planner: Planner, materialized: NonNullable<PlanOptions['materialized']>) {
    this.#planner = planner
    this.#materialized = materialized
  }

  statement(statement: ast.Statement): void {
    const { report, settings } = this.#planner
    switch (statement.kind) {
      case 'create-table':
        if (statement.query === null) this.#createTable(statement)
        else this.#createView(statement, statement.query, [])
        return
      case 'create-view':
        this.#createView(statement, statement.query, statement.columns)
        return
      case 'insert':
        this.#insert(statement)
        return
      case 'query': {
        const ordinal = this.#results.length + 1
        this.#results.push({
          name: ordinal === 1 ? 'query' : `query_${ordinal}`,
          relation: planQuery(this.#planner, statement),
        })
        return
      }
      case 'set':
        applySetting(statement, settings, report)
        return
      default:
        refuseStatement(statement, report)
    }
  }

  #createTable(statement: ast.CreateTable): void {
    if (!this.#mayCreate(statement)) return
    const table = bindTable(this.#planner, statement)
    this.#planner.tables.set(table.name.toLowerCase(), table)
  }

  #createView(statement: ast.CreateView | ast.CreateTable, query: ast.Query, columns: readonly ast.Identifier[]): void {
    const planner = this.#planner
    const { report } = planner
    const materialized = statement.kind === 'create-view' && statement.materialized
    if (materialized && this.#materialized === 'refuse')
      report.unsupported('a materialized view is', statement.name.span, 'Leave MATERIALIZED out; every view is live.')
    if (statement.kind === 'create-view' && statement.temporary)
      report.unsupported('a temporary view is', statement.name.span, 'Leave TEMPORARY out.')
    const [option] = statement.options
    // Those of a materialized view are of the topic that keeps it, which a script has none of.
    if (option !== undefined && !materialized)
      report.unsupported('WITH on a view is', option.span, 'Put the options into the table it reads.')
    const created = this.#mayCreate(statement)
    const relation = planQuery(planner, query)
    if (!created) return
    const [part] = statement.name.parts.slice(-1)
    if (columns.length > 0) checkColumnCount(planner, part!, columns, relation)
    const name = nameText(statement.name)
    const key = name.toLowerCase()
    planner.tables.delete(key)
    planner.views.set(key, {
      name,
      relation: renamed(
        relation,
        name,
        columns.map((c) => c.name),
      ),
      span: statement.name.span,
    })
    this.#viewStatements.set(key, statement)
    this.#lastView = key
  }

  /** False: the name is taken, and that is either an error or meant to change nothing. */
  #mayCreate(statement: ast.CreateView | ast.CreateTable): boolean {
    const { tables, views, report } = this.#planner
    const name = nameText(statement.name)
    const key = name.toLowerCase()
    const taken = tables.get(key)?.name ?? views.get(key)?.name
    if (taken === undefined || statement.orReplace) return true
    if (!statement.ifNotExists) {
      report.error('SQL_DUPLICATE', `"${name}" exists already`, statement.name.span, {
        detail: taken === name ? undefined : `Names of tables and views differ by more than case; there is "${taken}".`,
        hint: 'Choose another name, or write CREATE OR REPLACE.',
      })
    }
    return false
  }

  #insert(statement: ast.Insert): void {
    const planner = this.#planner
    const table = planner.tables.get(nameText(statement.table).toLowerCase())
    const earlier = (table && this.#insertions.get(table)) ?? []
    const insertion = planInsert(planner, statement, earlier)
    if (insertion !== undefined) this.#insertions.set(insertion.table, [...earlier, insertion])
  }

  finish(script: readonly ast.Statement[]): ScriptPlan {
    const planner = this.#planner
    const { report, draft } = planner
    const runsNothing = script.every((s) => s.kind !== 'query' && s.kind !== 'insert')
    const lastView = this.#lastView === null ? undefined : planner.views.get(this.#lastView)
    const results =
      runsNothing && lastView !== undefined ? [{ name: lastView.name, relation: lastView.relation }] : this.#results
    if (runsNothing && lastView === undefined && !report.failed && !planner.partial) {
      const span = script.at(-1)?.span ?? { start: 0, end: 0 }
      report.error('SQL_INVALID', 'the script runs nothing', span, {
        hint: 'Add a SELECT, an INSERT INTO ... SELECT or a CREATE VIEW.',
      })
    }
    const outputs = results.map(({ name, relation }) => ({ name, relation, node: this.#output(name, relation) }))
    const sinks = [...this.#insertions.values()].map((insertions) => ({
      table: insertions[0]!.table,
      ...planSink(planner, insertions),
    }))
    const finished = report.failed || planner.partial ? null : finishDataflow(draft.nodes)
    const idOf = (id: NodeId) => finished?.idOf.get(id) ?? id
    return {
      dataflow: finished?.dataflow ?? null,
      tables: [...planner.tables.values()].map((t) => plannedTable(t, planner.environment.dialect)),
      views: [...planner.views].map(([key, { name, relation }]) => ({
        name,
        schema: visibleSchema(relation),
        updating: relation.updating,
        sql: printStatement(this.#viewStatements.get(key)!, planner.environment.dialect),
      })),
      outputs: outputs.map(({ name, relation, node }) => ({
        nodeId: idOf(node),
        name,
        schema: visibleSchema(relation),
        updating: relation.updating,
        key: relation.updating ? relation.key : null,
      })),
      sinks: sinks.map(({ table, relation, input, key }) => ({
        nodeId: idOf(input.node),
        table: table.name,
        schema: visibleSchema(relation),
        updating: relation.updating,
        key,
      })),
      settings: planner.settings,
      warnings: report.warnings,
      errors: report.errors,
    }
  }

  #output(name: string, relation: Relation): NodeId {
    const { draft } = this.#planner
    const columns = relation.columns.map((c) => ({
      name: c.name,
      expr: columnExpr(relation, c.index),
      nullable: c.nullable,
    }))
    const { input, schema } = draft.project(relation, columns)
    return draft.add({ kind: 'output', schema, input, name, updating: relation.updating }).node
  }
}

function columnExpr(relation: Relation, index: number) {
  return { kind: 'column', index, type: relation.schema.fields[index]!.type } as const
}

function visibleSchema(relation: Relation): Schema {
  return { fields: relation.columns.map(({ name, type = { kind: 'NULL' }, nullable }) => ({ name, type, nullable })) }
}

function plannedTable(table: Table, dialect: Dialect): PlannedTable {
  const { name, primaryKey, options, description, statement } = table
  const columns = table.columns.map(
    (c, i): PlannedColumn => ({
      name: c.name,
      type: c.type ?? table.relation?.columns[i]?.type ?? { kind: 'NULL' },
      nullable: c.nullable,
      origin: c.origin.kind,
    }),
  )
  return { name, columns, primaryKey, options, description, sql: printStatement(statement, dialect) }
}
