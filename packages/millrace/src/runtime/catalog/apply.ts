import { templateNames } from '../../connectors/index.ts'
import { MillraceError, type Span } from '../../kernel/index.ts'
import type { ScriptSource } from '../script.ts'
import { canKeepState } from '../pipelines/keep-state.ts'
import { Analysis, type PlannedPipeline } from './analysis.ts'
import type { BrokenObject, Remains } from './catalog.ts'
import { objectKey, objectText, type Origin } from './catalog-object.ts'
import { Draft, refuseChange, type StatementResult } from './draft.ts'
import type { Entry } from './entry.ts'
import { pipelineSpec } from './running-spec.ts'
import { distinctErrors, type PlacedError, SourceTexts } from './sources.ts'
import { topicOf } from './table-use.ts'

/** What becomes of the state of an object whose definition changes: it goes on with it, or begins anew. */
export type StateChoice = 'keep' | 'drop'

export interface ApplyOptions {
  readonly origin: Origin
  /** Null: nobody has said; what has state must not change. */
  readonly changed: StateChoice | null
  /** The sources are whole scripts, applied at every start; see DraftOptions. */
  readonly script: boolean
  readonly isTopic: (name: string) => boolean
  /** Whether the operator's objects have this variable. */
  readonly hasVariable: (name: string) => boolean
}

/** The catalogue as it would be. With errors, nothing of it is to happen. */
export interface Application {
  readonly results: readonly StatementResult[]
  readonly warnings: readonly string[]
  readonly errors: readonly PlacedError[]
  readonly entries: ReadonlyMap<string, Entry>
  readonly broken: ReadonlyMap<string, BrokenObject>
  readonly analysis: Analysis
  readonly remains: Remains
  /** Objects that begin anew: keys. */
  readonly reset: ReadonlySet<string>
  /** Objects that were told to run: keys. */
  readonly resumed: ReadonlySet<string>
}

/** Applies statements to a catalogue in thought. All errors at once. */
export function applyStatements(
  before: { readonly entries: ReadonlyMap<string, Entry>; readonly broken: ReadonlyMap<string, BrokenObject> },
  sources: readonly ScriptSource[],
  options: ApplyOptions,
): Application {
  const known = [...before.entries.values()]
  const texts = new SourceTexts([...known.map(({ object }) => ({ name: objectText(object), text: object.sql })), ...sources])
  const parsed = texts.parse()
  const ofSources = parsed.statements.filter(({ span }) => texts.indexOf(span) >= known.length)
  const ofObjects = parsed.statements.filter(({ span }) => texts.indexOf(span) < known.length)
  const entries = new Map(known.map(({ object }, i) => [objectKey(object), { object, statement: ofObjects[i] } as Entry]))

  const was = new Analysis(entries, options.isTopic)
  const draft = new Draft(entries, before.broken, ofSources, {
    origin: options.origin,
    mayChange: options.changed !== null,
    script: options.script,
    isTopic: options.isTopic,
  })
  for (const statement of ofSources) draft.apply(statement)
  const analysis = new Analysis(draft.entries, options.isTopic)
  const change = new ChangeCheck(was, analysis, draft)
  const errors = [...parsed.errors, ...draft.errors, ...change.planErrors(), ...variableErrors(draft, analysis, options)]
  const others = errors.length > 0 ? [] : change.changedPipelines()
  if (options.changed === null) {
    for (const { entry, because, span } of others) errors.push(refuseChange(entry.object, span, because))
  }
  if (options.changed === 'keep' && errors.length === 0) errors.push(...change.keepErrors(others))
  const begins = options.changed === 'drop' && errors.length === 0
  const reset = begins ? change.reset(others.map(({ entry }) => objectKey(entry.object))) : new Set<string>()
  const placed = distinctErrors(errors).map((error) => texts.placed(error))
  return {
    results: draft.results,
    warnings: change.warnings(),
    errors: placed,
    entries: draft.entries,
    broken: draft.broken,
    analysis,
    remains: change.remains(reset),
    reset,
    resumed: new Set(draft.results.filter(({ info }) => info === 'resumed').map(objectKey)),
  }
}

interface ChangedPipeline {
  readonly entry: Entry
  readonly because: string
  readonly span: Span
}

/** Compares the catalogue before and after. */
class ChangeCheck {
  readonly #was: Analysis
  readonly #is: Analysis
  readonly #draft: Draft

  constructor(was: Analysis, is: Analysis, draft: Draft) {
    this.#was = was
    this.#is = is
    this.#draft = draft
  }

  /** Of everything that the statements name, and of what was well before and is not any more. */
  planErrors(): readonly MillraceError[] {
    return [...this.#is.entries].flatMap(([key, entry]) => {
      const { errors } = this.#is.planned(entry)
      if (errors.length === 0 || this.#draft.named.has(key)) return errors
      const old = this.#was.entries.get(key)
      return old !== undefined && this.#was.planned(old).errors.length > 0 ? [] : errors
    })
  }

  warnings(): readonly string[] {
    const said = [...this.#draft.named].flatMap((key) => {
      const entry = this.#is.entries.get(key)
      return entry === undefined ? [] : this.#is.planned(entry).warnings
    })
    return [...new Set(said.map(({ message, hint }) => (hint === undefined ? message : `${message}. ${hint}`)))]
  }

  /** Pipelines that are as they were, but for what they read: their plan is another one. */
  changedPipelines(): readonly ChangedPipeline[] {
    const found: ChangedPipeline[] = []
    for (const [key, entry] of this.#is.entries) {
      const old = this.#was.entries.get(key)
      if (old === undefined || this.#draft.changed.has(key) || this.#draft.dropped.has(key)) continue
      const before = this.#was.planned(old).pipeline
      const now = this.#is.planned(entry).pipeline
      if (before === null || now === null || pipelineSpec(before) === pipelineSpec(now)) continue
      const cause = this.#causeOf(entry)
      found.push({ entry, because: cause.text, span: cause.span })
    }
    return found
  }

  /** Pipelines whose state is of no use to what they do from now on. */
  keepErrors(others: readonly ChangedPipeline[]): readonly MillraceError[] {
    const own = [...this.#draft.changed].flatMap(([key, span]) => {
      const entry = this.#is.entries.get(key)
      return entry === undefined ? [] : [{ entry, span }]
    })
    return [...own, ...others].flatMap(({ entry, span }) => {
      const old = this.#was.entries.get(objectKey(entry.object))
      const before = old === undefined ? null : this.#was.planned(old).pipeline
      const now = this.#is.planned(entry).pipeline
      if (before === null || now === null) return []
      const why = differentResult(before, now) ?? canKeepState(before.dataflow, now.dataflow)
      if (why === null) return []
      return [
        new MillraceError('CATALOG_CHANGED', `the state of ${objectText(entry.object)} cannot be kept: ${why}`, {
          hint: 'Let it begin anew, with "--changed drop" or "changed": "drop", or give the new one another name.',
          span,
        }),
      ]
    })
  }

  /** What begins anew with these: whoever reads a topic that does. */
  reset(pipelines: readonly string[]): ReadonlySet<string> {
    const reset = new Set([...this.#draft.changed.keys(), ...pipelines].filter((key) => this.#hasState(key)))
    for (const key of reset) {
      const topic = this.#ownTopic(key)
      if (topic === null) continue
      for (const [other, entry] of this.#was.entries) {
        const reads = Object.values(this.#was.planned(entry).pipeline?.topics ?? {})
        if (reads.includes(topic) && this.#is.entries.has(other)) reset.add(other)
      }
    }
    return reset
  }

  /** What is to be deleted of what is gone and of what begins anew. */
  remains(reset: ReadonlySet<string>): Remains {
    const pipelines: string[] = []
    const captures: string[] = []
    const deliveries: string[] = []
    const topics = new Set<string>()
    for (const key of new Set([...this.#draft.dropped.keys(), ...reset])) {
      const object = (this.#draft.dropped.get(key) ?? this.#was.entries.get(key))?.object
      if (object === undefined) continue
      if (object.kind === 'pipeline') pipelines.push(object.name)
      if (object.kind === 'materialized view') {
        pipelines.push(object.name)
        topics.add(object.name)
      }
      if (object.kind !== 'table') continue
      captures.push(object.name)
      deliveries.push(object.name)
      const topic = this.#topicOfTable(key)
      if (topic !== null && !this.#usedByOthers(topic, key)) topics.add(topic)
    }
    // What was read from a file that is written from now on is no result.
    for (const [key, entry] of this.#is.entries) {
      const old = this.#was.entries.get(key)
      const before = old === undefined ? undefined : this.#was.planned(old).table?.use
      if (before?.kind !== 'capture' || this.#is.planned(entry).table?.use.kind !== 'sink') continue
      captures.push(entry.object.name)
      topics.add(before.topic)
    }
    return { pipelines, captures, deliveries, topics: [...topics] }
  }

  /** Tables that others write into keep their records, whatever changes. */
  #hasState(key: string): boolean {
    const object = this.#was.entries.get(key)?.object
    return object !== undefined && (object.kind === 'pipeline' || this.#ownTopic(key) !== null)
  }

  /** The topic that an object alone writes. */
  #ownTopic(key: string): string | null {
    const entry = this.#was.entries.get(key)
    if (entry?.object.kind === 'materialized view') return entry.object.name
    const use = entry === undefined ? undefined : this.#was.planned(entry).table?.use
    return use?.kind === 'capture' ? use.topic : null
  }

  #topicOfTable(key: string): string | null {
    const entry = this.#was.entries.get(key)
    const use = entry === undefined ? undefined : this.#was.planned(entry).table?.use
    return use === undefined ? null : topicOf(use)
  }

  #usedByOthers(topic: string, key: string): boolean {
    return [...this.#is.entries].some(([other, entry]) => {
      if (other === key && !this.#draft.dropped.has(key)) return false
      const use = this.#is.planned(entry).table?.use
      return use?.kind === 'topic' && use.topic === topic && other !== key
    })
  }

  /** The first thing it is computed from that has changed. */
  #causeOf(entry: Entry): { readonly text: string; readonly span: Span } {
    const seen = new Set<string>()
    const search = (at: Entry): { readonly text: string; readonly span: Span } | null => {
      for (const key of this.#is.uses(at)) {
        if (seen.has(key)) continue
        seen.add(key)
        const used = this.#is.entries.get(key)
        if (used === undefined) continue
        const span = this.#draft.changed.get(key) ?? (this.#was.entries.has(key) ? undefined : nameSpan(used))
        if (span !== undefined) return { text: objectText(used.object), span }
        const deeper = search(used)
        if (deeper !== null) return deeper
      }
      return null
    }
    return search(entry) ?? { text: 'what it reads', span: nameSpan(entry) }
  }
}

/** What is in a result's topic has to be readable with what comes. */
function differentResult({ target: before }: PlannedPipeline, { target: now }: PlannedPipeline): string | null {
  if (before.kind !== 'result' || now.kind !== 'result') return null
  const same = before.changelog === now.changelog && JSON.stringify(before.key) === JSON.stringify(now.key)
  if (!same) return 'its results say in another way what they take back'
  return JSON.stringify(before.schema) === JSON.stringify(now.schema) ? null : 'its results have other columns'
}

function nameSpan({ statement }: Entry): Span {
  return statement.kind === 'insert' ? statement.table.span : statement.name.span
}

/** Tables that the statements name and whose variables are not there for them. */
function variableErrors(draft: Draft, analysis: Analysis, { hasVariable }: ApplyOptions): readonly MillraceError[] {
  return [...draft.named].flatMap((key) => {
    const entry = draft.entries.get(key)
    const table = entry === undefined ? null : analysis.planned(entry).table
    if (entry === undefined || table === null || entry.statement.kind !== 'create-table') return []
    const error = variableError(entry, table.resolved.variables, hasVariable)
    if (error === null) return []
    const option = entry.statement.options.find(
      ({ value }) => value.kind === 'string' && templateNames(value.value).some((name) => table.resolved.variables.includes(name)),
    )
    return [error.at(option?.span ?? nameSpan(entry))]
  })
}

/** Why an object may not run: variables that are not set, or that are not for it. */
export function variableError(
  { object }: Entry,
  variables: readonly string[],
  hasVariable: (name: string) => boolean,
): MillraceError | null {
  const missing = object.origin === 'network' ? variables : variables.filter((name) => !hasVariable(name))
  if (missing.length === 0) return null
  const list = missing.map((name) => `"${name}"`).join(', ')
  const what = missing.length === 1 ? `environment variable ${list}` : `environment variables ${list}`
  if (object.origin === 'network') {
    return new MillraceError('CONFIG_VARIABLE_MISSING', `${objectText(object)} may not read ${what}`, {
      detail: 'Statements that come over the network read no variables of the server.',
      hint: 'Put the table into a script that "millrace serve" is started with.',
    })
  }
  return new MillraceError('CONFIG_VARIABLE_MISSING', `${what} ${missing.length === 1 ? 'is' : 'are'} not set`, {
    detail: `${objectText(object)} mentions ${missing.length === 1 ? 'it' : 'them'}.`,
    hint: `Set ${missing.length === 1 ? 'it' : 'them'} before starting, like ${missing[0]}=... millrace serve FILE.sql`,
  })
}
