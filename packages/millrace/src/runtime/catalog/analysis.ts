import { describeTable } from '../../connectors/index.ts'
import { functionCatalog } from '../../engine/index.ts'
import { assert, type ErrorFields, MillraceError, type Schema } from '../../kernel/index.ts'
import type { TopicSettings } from '../../log/index.ts'
import type { Dataflow, NodeId } from '../../plan/index.ts'
import { type PlanWarning, planScript, relationsOf, type ScriptPlan, STANDARD, type Statement } from '../../sql/index.ts'
import { objectKey, objectText, relationKey } from './catalog-object.ts'
import { type Entry, insertOf, nameText, type ObjectStatement } from './entry.ts'
import { type Changelog, resultTable, topicTable } from './relation.ts'
import { resultSettings } from './result-options.ts'
import { type DeclaredTable, declaredTable, topicOf } from './table-use.ts'

/** Where the rows of a pipeline go. */
export type PipelineTarget =
  /** A materialized view: into its own topic. */
  | {
      readonly kind: 'result'
      readonly node: NodeId
      readonly topic: string
      /** Visible columns. */
      readonly schema: Schema
      readonly changelog: Changelog
      readonly key: readonly number[]
      readonly settings: TopicSettings
    }
  /** An INSERT: into the topic of a table. */
  | {
      readonly kind: 'table'
      readonly node: NodeId
      readonly topic: string
      readonly table: DeclaredTable
      readonly schema: Schema
      readonly updating: boolean
    }

export interface PlannedPipeline {
  readonly name: string
  readonly dataflow: Dataflow
  /** The topic of each source node. */
  readonly topics: Readonly<Record<NodeId, string>>
  readonly target: PipelineTarget
}

/** What planning an object has found. */
export interface Planned {
  /** Null: there are errors, or it runs nothing. */
  readonly pipeline: PlannedPipeline | null
  readonly table: DeclaredTable | null
  readonly errors: readonly MillraceError[]
  readonly warnings: readonly PlanWarning[]
}

/** What a statement reads, as the planner is told of it. */
export interface PlanContext {
  /** Each behind what it reads itself. */
  readonly statements: readonly Statement[]
  /** Topics by the name of their table, in lower case. */
  readonly topics: ReadonlyMap<string, string>
  /** Tables that have no topic, by name. */
  readonly topicless: readonly string[]
  /** Something it reads is not well-formed, which is said there. */
  readonly partial: boolean
}

/** Objects that know one another, and what planning makes of them. Nothing changes; each is planned once. */
export class Analysis {
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #isTopic: (name: string) => boolean
  readonly #planned = new Map<string, Planned>()
  readonly #underWay: string[] = []

  /** `entries` by their keys. `isTopic`: whether the log has a topic of this name. */
  constructor(entries: ReadonlyMap<string, Entry>, isTopic: (name: string) => boolean) {
    this.#entries = entries
    this.#isTopic = isTopic
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries
  }

  /** Keys of the objects and names of undeclared topics that an object reads or writes itself. */
  uses(entry: Entry): readonly string[] {
    return namesUsed(entry.statement).map((name) => {
      const key = relationKey(name)
      return this.#entries.has(key) ? key : name
    })
  }

  /** Objects that use it themselves. */
  usersOf(key: string): readonly Entry[] {
    return [...this.#entries.values()].filter((entry) => this.uses(entry).includes(key))
  }

  /** All objects, each behind what it uses. */
  inOrder(): readonly Entry[] {
    const ordered = new Set<Entry>()
    const visit = (entry: Entry, path: readonly Entry[]): void => {
      if (ordered.has(entry) || path.includes(entry)) return
      for (const key of this.uses(entry)) {
        const used = this.#entries.get(key)
        if (used !== undefined) visit(used, [...path, entry])
      }
      ordered.add(entry)
    }
    for (const entry of this.#entries.values()) visit(entry, [])
    return [...ordered]
  }

  planned(entry: Entry): Planned {
    const key = objectKey(entry.object)
    let planned = this.#planned.get(key)
    if (planned === undefined) {
      this.#underWay.push(key)
      planned = this.#plan(entry)
      this.#underWay.pop()
      this.#planned.set(key, planned)
    }
    return planned
  }

  /** What the planner has to be told for statements that read these names. Names that nothing has are left out. */
  context(names: readonly string[]): PlanContext {
    const statements: Statement[] = []
    const topics = new Map<string, string>()
    const topicless: string[] = []
    let partial = false
    const seen = new Set<string>()
    const add = (name: string): void => {
      const key = relationKey(name)
      const entry = this.#entries.get(key)
      if (seen.has(key)) return
      seen.add(key)
      if (entry === undefined) {
        if (!this.#isTopic(name)) return
        statements.push(topicTable(name))
        topics.set(name.toLowerCase(), name)
      } else if (this.#underWay.includes(key)) {
        partial = true
      } else {
        const { statement, object } = entry
        if (object.kind === 'view') for (const read of namesUsed(statement)) add(read)
        const { pipeline, table, errors } = this.planned(entry)
        if (errors.length > 0) partial = true
        if (object.kind === 'materialized view') {
          if (pipeline === null) return
          const { target } = pipeline
          assert(target.kind === 'result', `${objectText(object)} has no result`)
          statements.push(resultTable({ ...target, name: object.name }))
          topics.set(name.toLowerCase(), target.topic)
        } else {
          statements.push(statement)
          const topic = table === null ? null : topicOf(table.use)
          if (topic !== null) topics.set(name.toLowerCase(), topic)
          else if (table !== null) topicless.push(table.name)
        }
      }
    }
    for (const name of names) add(name)
    return { statements, topics, topicless, partial }
  }

  #plan(entry: Entry): Planned {
    const { statement, object } = entry
    const cycle = this.#cycle(entry)
    if (cycle !== null) return { pipeline: null, table: null, errors: [cycle], warnings: [] }
    switch (object.kind) {
      case 'table':
        return planTable(entry)
      case 'view': {
        const context = this.context(namesUsed(statement))
        const { errors, warnings } = run([...context.statements, statement], context.partial)
        return { pipeline: null, table: null, errors, warnings: own(warnings, statement) }
      }
      case 'materialized view':
      case 'pipeline':
        return this.#planPipeline(entry)
    }
  }

  #planPipeline({ object, statement }: Entry): Planned {
    const context = this.context(namesUsed(statement))
    const { runs, errors: optionErrors, settings } = runnable(statement, objectText(object))
    const plan = run([...context.statements, runs], context.partial)
    const errors = [...optionErrors, ...this.#targetErrors(statement), ...plan.errors]
    const sources = (plan.dataflow?.nodes ?? []).filter((node) => node.kind === 'source')
    for (const name of context.topicless.filter((table) => sources.some((node) => node.table === table))) {
      errors.push(noTopic(name, object, statement))
    }
    const warnings = own(plan.warnings, statement)
    if (plan.dataflow === null || errors.length > 0) return { pipeline: null, table: null, errors, warnings }
    const topics = Object.fromEntries(sources.map((node) => [node.id, context.topics.get(node.table.toLowerCase())!]))
    const target = targetOf(plan, object.name, settings)
    return { pipeline: { name: object.name, dataflow: plan.dataflow, topics, target }, table: null, errors, warnings }
  }

  /** Rows are not inserted into what has an owner. */
  #targetErrors(statement: ObjectStatement): MillraceError[] {
    const insert = insertOf(statement)
    if (insert === null) return []
    const name = nameText(insert.table)
    const { span } = insert.table
    const refuse = (message: string, fields: ErrorFields): MillraceError[] => [
      new MillraceError('SQL_INVALID', message, { ...fields, span }),
    ]
    const entry = this.#entries.get(relationKey(name))
    if (entry === undefined) return name.startsWith('$') ? refuse(`topic "${name}" is the server's own`, {}) : []
    if (entry.object.kind === 'materialized view') {
      return refuse(`"${entry.object.name}" is a materialized view`, { hint: 'Rows are inserted into tables.' })
    }
    const table = this.planned(entry).table
    if (table?.use.kind !== 'topic') return []
    const owner = this.ownerOfTopic(table.use.topic)
    if (owner === null) return []
    return refuse(`table "${table.name}" is topic "${table.use.topic}", which is written by ${objectText(owner.object)}`, {
      hint: 'Insert into a topic of its own.',
    })
  }

  /** The object that alone writes a topic: a captured table, or a materialized view. */
  ownerOfTopic(topic: string): Entry | null {
    for (const entry of this.#entries.values()) {
      const { kind, name } = entry.object
      if (kind === 'materialized view' && name === topic) return entry
      if (kind !== 'table' || this.#underWay.includes(objectKey(entry.object))) continue
      const use = this.planned(entry).table?.use
      if (use?.kind === 'capture' && use.topic === topic) return entry
    }
    return null
  }

  /** What an object's rows come from, by key: of a table the pipelines that write it. */
  #origins(key: string): readonly string[] {
    const entry = this.#entries.get(key)
    if (entry === undefined) return []
    if (entry.object.kind !== 'table') return relationsOf(entry.statement).reads.map(relationKey)
    const writes = ({ statement }: Entry): boolean => relationsOf(statement).writes.some((name) => relationKey(name) === key)
    return [...this.#entries].filter(([, other]) => writes(other)).map(([writer]) => writer)
  }

  #cycle(entry: Entry): MillraceError | null {
    const start = objectKey(entry.object)
    const seen = new Set<string>()
    const reachesStart = (key: string): boolean =>
      this.#origins(key).some((origin) => {
        if (origin === start) return true
        if (seen.has(origin)) return false
        seen.add(origin)
        return reachesStart(origin)
      })
    if (entry.object.kind === 'table' || !reachesStart(start)) return null
    return new MillraceError('SQL_INVALID', `${objectText(entry.object)} reads itself`, {
      detail: 'What it is computed from is computed from it, without end.',
      span: nameSpan(entry.statement),
    })
  }
}

function targetOf(plan: ScriptPlan, name: string, settings: TopicSettings): PipelineTarget {
  const [sink] = plan.sinks
  if (sink !== undefined) {
    const table = declaredTable(plan.tables.find(({ name: declared }) => declared === sink.table)!, true)
    const topic = topicOf(table.use)
    assert(topic !== null, `table "${table.name}" has no topic to be written`)
    return { kind: 'table', node: sink.nodeId, topic, table, schema: sink.schema, updating: sink.updating }
  }
  const output = plan.outputs[0]!
  const { nodeId: node, schema, updating, key } = output
  const changelog = !updating ? 'append' : key === null ? 'weights' : 'upsert'
  return { kind: 'result', node, topic: name, schema, changelog, key: changelog === 'upsert' ? key! : [], settings }
}

/** Names that a statement reads or writes, without its own. */
function namesUsed(statement: ObjectStatement): readonly string[] {
  const { reads, writes } = relationsOf(statement)
  return [...reads, ...writes]
}

function nameSpan(statement: ObjectStatement) {
  return statement.kind === 'insert' ? statement.table.span : statement.name.span
}

function run(statements: readonly Statement[], partial: boolean): ScriptPlan {
  return planScript(
    statements,
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { defaultBadData: 'dead_letter', topics: true, partial },
  )
}

function planTable({ statement, object }: Entry): Planned {
  const { errors, warnings, tables } = run([statement], true)
  const table = tables[0]
  const declared = errors.length > 0 || table === undefined ? null : declaredTable(table, object.sink)
  return { pipeline: null, table: declared, errors, warnings }
}

/** What the planner runs of a pipeline: the query of a materialized view as a view, which gives its only result. */
function runnable(
  statement: ObjectStatement,
  owner: string,
): { readonly runs: Statement; readonly settings: TopicSettings; readonly errors: readonly MillraceError[] } {
  switch (statement.kind) {
    case 'create-view': {
      const result = resultSettings(statement.options, owner)
      return { ...result, runs: { ...statement, materialized: false, options: [] } }
    }
    case 'create-pipeline': {
      const errors = statement.options.map(
        ({ key, span }) => new MillraceError('CONFIG_OPTION_UNKNOWN', `${owner} has no option "${key.text}"`, { span }),
      )
      return { runs: statement.statement, settings: {}, errors }
    }
    default:
      return { runs: statement, settings: {}, errors: [] }
  }
}

/** Of what the statement says itself. */
function own(warnings: readonly PlanWarning[], { span }: ObjectStatement): readonly PlanWarning[] {
  return warnings.filter((warning) => warning.span.start >= span.start && warning.span.end <= span.end)
}

function noTopic(table: string, object: Entry['object'], statement: ObjectStatement): MillraceError {
  return new MillraceError('SQL_UNSUPPORTED', `${objectText(object)} cannot read table "${table}", which is not captured`, {
    detail: 'Its retention is none: what its source says is in no topic.',
    hint: "Leave retention = 'none' out, or say how long it is kept, like retention = '1 hour'.",
    span: nameSpan(statement),
  })
}
