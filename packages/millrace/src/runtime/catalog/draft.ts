import { didYouMean, type ErrorCode, type ErrorFields, MillraceError, type Span } from '../../kernel/index.ts'
import type { CreatePipeline, CreateTable, CreateView, Drop, DroppableObject, Insert, Pause, Statement } from '../../sql/index.ts'
import { Analysis } from './analysis.ts'
import type { BrokenObject } from './catalog.ts'
import {
  type CatalogObject,
  objectKey,
  type ObjectKind,
  objectText,
  type Origin,
  pipelineKey,
  relationKey,
} from './catalog-object.ts'
import { canonicalText, definitionOf, type Entry, nameText, objectKindOf, type ObjectStatement } from './entry.ts'

/** What a statement did to an object. */
export type Outcome = 'created' | 'changed' | 'unchanged' | 'dropped' | 'paused' | 'resumed'

export interface StatementResult {
  /** The object's: `table`, `view`, `materialized view`, `pipeline`. */
  readonly kind: ObjectKind
  readonly name: string
  readonly info: Outcome
}

export interface DraftOptions {
  readonly origin: Origin
  /** Somebody has said what becomes of the state of what changes. */
  readonly mayChange: boolean
  /** The statements are a whole script, said again at every start: its INSERTs keep their names by their order. */
  readonly script: boolean
  readonly isTopic: (name: string) => boolean
}

const DROPPABLE: Readonly<Record<DroppableObject, ObjectKind>> = {
  TABLE: 'table',
  VIEW: 'view',
  'MATERIALIZED VIEW': 'materialized view',
  PIPELINE: 'pipeline',
}

/** The catalogue while statements are applied to it. What is wrong with one goes to `errors`, and the others are read nevertheless. */
export class Draft {
  readonly entries: Map<string, Entry>
  readonly broken: Map<string, BrokenObject>
  readonly results: StatementResult[] = []
  readonly errors: MillraceError[] = []
  /** Objects that were there and have another definition now, with the place that says so. */
  readonly changed = new Map<string, Span>()
  /** Everything the statements name. */
  readonly named = new Set<string>()
  /** Gone, or gone and made again: what they had is to be deleted. */
  readonly dropped = new Map<string, Entry | BrokenObject>()
  readonly #options: DraftOptions
  readonly #before: ReadonlyMap<string, Entry>
  /** Names of pipelines that INSERTs of these statements have. */
  readonly #inserts = new Set<string>()
  readonly #texts: ReadonlySet<string>
  #ordinal: number

  constructor(
    entries: ReadonlyMap<string, Entry>,
    broken: ReadonlyMap<string, BrokenObject>,
    statements: readonly Statement[],
    options: DraftOptions,
  ) {
    this.entries = new Map(entries)
    this.broken = new Map(broken)
    this.#before = entries
    this.#options = options
    this.#texts = new Set(statements.filter((s) => s.kind === 'insert').map((s) => canonicalText(s)))
    this.#ordinal = Math.max(0, ...[...entries.values(), ...broken.values()].map(({ object }) => object.ordinal))
  }

  apply(statement: Statement): void {
    switch (statement.kind) {
      case 'create-table':
        if (statement.query === null) return this.#create(statement)
        return this.#refuse('CREATE TABLE ... AS', 'Write CREATE MATERIALIZED VIEW ... AS, or CREATE VIEW ... AS.', statement)
      case 'create-view':
      case 'create-pipeline':
        return this.#create(statement)
      case 'insert':
        return this.#insert(statement)
      case 'drop':
        return this.#drop(statement)
      case 'pause':
      case 'resume':
        return this.#pause(statement)
      case 'query':
        return this.#refuse(
          'a SELECT',
          'Make it a view: CREATE MATERIALIZED VIEW name AS SELECT .... POST /v1/query and "millrace run" answer it once.',
          statement,
        )
      default:
        return this.#refuse(
          statement.kind.replace('-', ' ').toUpperCase(),
          'A server takes CREATE, INSERT, DROP, PAUSE and RESUME.',
          statement,
        )
    }
  }

  #create(given: CreateTable | CreateView | CreatePipeline): void {
    const name = nameText(given.name)
    const kind = objectKindOf(given)!
    const { span } = given.name
    const statement = definitionOf(given)
    const known = this.#knownAs(kind, name)
    if (name.startsWith('$') || name === '') {
      return this.#error('SQL_INVALID', `"${name}" cannot be the name of a ${kind}`, span, {
        detail: name === '' ? undefined : 'Names that start with "$" are those of topics the server makes itself.',
      })
    }
    if (known === undefined) {
      // A result has its topic to itself, and a view has none; one that its own object has left is deleted before.
      const isTaken = (kind === 'materialized view' || kind === 'view') && this.#options.isTopic(name) && !this.dropped.has(relationKey(name))
      if (!isTaken) return this.#add({ kind, name, statement })
      return this.#error('SQL_DUPLICATE', `there is a topic "${name}" already`, span, {
        detail: 'Its records are not the results of this view.',
        hint: 'Choose another name, or delete the topic first.',
      })
    }
    const { object } = known
    this.named.add(objectKey(object))
    if (object.kind !== kind) {
      return this.#error('SQL_DUPLICATE', `"${name}" exists already`, span, {
        detail: `It is a ${object.kind}.`,
        hint: `Choose another name, or write DROP ${object.kind.toUpperCase()} ${name} first.`,
      })
    }
    const sql = canonicalText(statement)
    if (sql === object.sql || given.ifNotExists) return this.#unchanged(known, sql === object.sql)
    const twice = this.#before.get(objectKey(object))?.object !== object
    // A view is text and has no state; of what has some, OR REPLACE does not say what becomes of it.
    const free = kind === 'view' && (given.orReplace || this.#options.script)
    if (twice ? given.orReplace : free || this.#options.mayChange) return this.#replace(known, statement, span)
    if (twice) return this.#error('SQL_DUPLICATE', `"${name}" is defined twice`, span, { hint: 'Write CREATE OR REPLACE.' })
    this.#refuseChange(object, span)
  }

  #insert(statement: Insert): void {
    const table = nameText(statement.table)
    const sql = canonicalText(statement)
    const same = [...this.entries.values()].find(({ object, statement: s }) => s.kind === 'insert' && object.sql === sql)
    if (same !== undefined) {
      this.#inserts.add(objectKey(same.object))
      return this.#unchanged(same, true)
    }
    const { name, known } = this.#insertName(table)
    this.#inserts.add(pipelineKey(name))
    const target = this.entries.get(relationKey(table))
    if (target !== undefined && target.object.kind === 'table' && !target.object.sink) {
      this.entries.set(relationKey(table), { ...target, object: { ...target.object, sink: true } })
    }
    if (known === undefined) return this.#add({ kind: 'pipeline', name, statement })
    this.named.add(objectKey(known.object))
    if (this.#options.mayChange) return this.#replace(known, statement, statement.table.span)
    this.#refuseChange(known.object, statement.table.span)
  }

  /** The n-th INSERT into a table is its n-th pipeline. `known`: a pipeline that this one changes. */
  #insertName(table: string): { readonly name: string; readonly known: Entry | undefined } {
    for (let i = 1; ; i++) {
      const name = i === 1 ? table : `${table}_${i}`
      const key = pipelineKey(name)
      const known = this.entries.get(key)
      const free = known === undefined && !this.broken.has(key) && this.entries.get(relationKey(name))?.object.kind !== 'materialized view'
      if (free) return { name, known: undefined }
      const { script, origin } = this.#options
      if (!script || known === undefined || this.#inserts.has(key) || known.object.origin !== origin) continue
      // One that this script says elsewhere is not the one that was here.
      if (known.statement.kind === 'insert' && !this.#texts.has(known.object.sql)) return { name, known }
    }
  }

  #add({ kind, name, statement }: { readonly kind: ObjectKind; readonly name: string; readonly statement: ObjectStatement }): void {
    const object: CatalogObject = {
      name,
      kind,
      sql: canonicalText(statement),
      origin: this.#options.origin,
      ordinal: ++this.#ordinal,
      paused: false,
      sink: false,
    }
    this.broken.delete(objectKey(object))
    this.#set({ object, statement })
    this.#result(object, 'created')
  }

  #unchanged(entry: Entry, same: boolean): void {
    const { object } = entry
    // What the operator says too may read what the operator may.
    if (same && this.#options.origin === 'operator' && object.origin === 'network') {
      this.#set({ ...entry, object: { ...object, origin: 'operator' } })
    } else {
      this.named.add(objectKey(object))
    }
    this.#result(object, 'unchanged')
  }

  #replace({ object }: Entry, statement: ObjectStatement, span: Span): void {
    const { origin } = this.#options
    this.changed.set(objectKey(object), span)
    this.#set({ object: { ...object, sql: canonicalText(statement), origin }, statement })
    this.#result(object, 'changed')
  }

  #drop(statement: Drop): void {
    const kind = DROPPABLE[statement.object]
    for (const name of statement.names) {
      const text = nameText(name)
      const found = this.#find(kind, text, name.span, statement.ifExists)
      if (found === undefined) continue
      const key = objectKey(found.object)
      const users = new Analysis(this.entries, this.#options.isTopic).usersOf(key)
      if (users.length > 0 && !statement.cascade) {
        const said = users.map(({ object }) => objectText(object)).join(', ')
        this.#error('CATALOG_IN_USE', `${objectText(found.object)} is used by ${said}`, name.span, {
          hint: `Drop ${users.length === 1 ? 'it' : 'them'} first, or write DROP ${statement.object} ${text} CASCADE.`,
        })
      } else {
        this.#dropAll(found)
      }
    }
  }

  #dropAll(entry: Entry | BrokenObject): void {
    const key = objectKey(entry.object)
    if (!this.entries.has(key) && !this.broken.has(key)) return
    for (const user of new Analysis(this.entries, this.#options.isTopic).usersOf(key)) this.#dropAll(user)
    this.entries.delete(key)
    this.broken.delete(key)
    this.changed.delete(key)
    // Made by these statements themselves it has nothing yet.
    if (!this.dropped.has(key)) this.dropped.set(key, entry)
    this.#result(entry.object, 'dropped')
  }

  #pause(statement: Pause): void {
    const paused = statement.kind === 'pause'
    const kind = DROPPABLE[statement.object]
    const found = this.#find(kind, nameText(statement.name), statement.name.span, false)
    const entry = found === undefined ? undefined : this.entries.get(objectKey(found.object))
    if (entry === undefined) return
    this.named.add(objectKey(entry.object))
    if (entry.object.paused !== paused) this.#set({ ...entry, object: { ...entry.object, paused } })
    this.#result(entry.object, paused ? 'paused' : 'resumed')
  }

  #find(kind: ObjectKind, name: string, span: Span, ifExists: boolean): Entry | BrokenObject | undefined {
    const key = kind === 'pipeline' ? pipelineKey(name) : relationKey(name)
    const found = this.entries.get(key) ?? this.broken.get(key)
    if (found !== undefined && found.object.kind === kind) return found
    if (found === undefined && ifExists) return undefined
    const candidates = [...this.entries.values()].filter(({ object }) => object.kind === kind).map(({ object }) => object.name)
    this.#error('SQL_UNKNOWN_TABLE', `there is no ${kind} "${name}"`, span, {
      detail: found === undefined ? undefined : `"${name}" is a ${found.object.kind}.`,
      hint: found === undefined ? didYouMean(name, candidates) : undefined,
    })
    return undefined
  }

  /** What has the name already. A pipeline may not have that of a materialized view, which runs one. */
  #knownAs(kind: ObjectKind, name: string): Entry | undefined {
    const own = this.entries.get(kind === 'pipeline' ? pipelineKey(name) : relationKey(name))
    if (own !== undefined || (kind !== 'pipeline' && kind !== 'materialized view')) return own
    const other = this.entries.get(kind === 'pipeline' ? relationKey(name) : pipelineKey(name))
    return kind === 'materialized view' || other?.object.kind === 'materialized view' ? other : undefined
  }

  #set(entry: Entry): void {
    const key = objectKey(entry.object)
    this.entries.set(key, entry)
    this.named.add(key)
  }

  #result({ kind, name }: CatalogObject, info: Outcome): void {
    this.results.push({ kind, name, info })
  }

  #refuseChange(object: CatalogObject, span: Span): void {
    this.errors.push(refuseChange(object, span))
  }

  #refuse(what: string, hint: string, { span }: Statement): void {
    this.#error('SQL_UNSUPPORTED', `${what} has no part in the catalogue of a server`, span, { hint })
  }

  #error(code: ErrorCode, message: string, span: Span, fields: Omit<ErrorFields, 'span'> = {}): void {
    this.errors.push(new MillraceError(code, message, { ...fields, span }))
  }
}

/** `because`: what changed, if the object's own statement did not. */
export function refuseChange(object: CatalogObject, span: Span, because?: string): MillraceError {
  const message =
    because === undefined
      ? `${objectText(object)} exists with another definition`
      : `${objectText(object)} would give other results than so far, since ${because} changes`
  return new MillraceError('CATALOG_CHANGED', message, {
    detail: 'What it has written and remembers is from before.',
    hint: 'Say what becomes of that: "--changed keep" or "changed": "keep" goes on with it, "drop" deletes it and begins anew.',
    span,
  })
}

