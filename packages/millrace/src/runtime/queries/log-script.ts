import type { BadDataPolicy, Clock } from '../../kernel/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import { type Log, openLog } from '../../log/index.ts'
import type { NodeId, SourceNode } from '../../plan/index.ts'
import { relationsOf, type Statement } from '../../sql/index.ts'
import { Analysis, Catalog } from '../catalog/index.ts'
import { declaredTable } from '../catalog/table-use.ts'
import { compileScript } from '../compile.ts'
import type { Job, JobEvents } from '../job/job-types.ts'
import type { JobOptions } from '../job/job.ts'
import { missingVariables } from '../missing-variables.ts'
import type { CompiledScript, ScriptSource } from '../script.ts'
import type { Templates } from '../templates.ts'
import { ScriptQuery } from './script-query.ts'

export interface LogScriptOptions {
  readonly dataDir: string
  readonly badData: BadDataPolicy
  readonly clock?: Clock
}

/** How the rows of a source come to a script that runs with a log. */
export type SourceUse =
  /** Through the log: its table is captured while the script runs. */
  | { readonly kind: 'capture'; readonly topic: string }
  /** Out of the log, where nobody writes the topic while the script runs. */
  | { readonly kind: 'topic'; readonly topic: string }
  /** Directly: it can be read again, or is not to be kept. */
  | { readonly kind: 'connector' }

/**
 * A script of the operator over the log of a data directory, which nobody else has meanwhile. What its tables say that cannot be read
 * again goes into the log first, and is read from there; beside its own tables it may read what the directory's catalogue and log have.
 */
export class LogScript {
  readonly script: CompiledScript
  readonly #log: Log
  readonly #uses: ReadonlyMap<NodeId, SourceUse>

  private constructor(log: Log, script: CompiledScript, uses: ReadonlyMap<NodeId, SourceUse>) {
    this.#log = log
    this.script = script
    this.#uses = uses
  }

  /**
   * What is wrong with the script is in `script.errors`.
   *
   * @throws MillraceError LOG_LOCKED, LOG_DIRECTORY, LOG_VERSION, LOG_CORRUPT, LOG_FULL
   */
  static async open(source: ScriptSource, { dataDir, badData, clock }: LogScriptOptions): Promise<LogScript> {
    const log = await openLog({ directory: dataDir, ...(clock === undefined ? {} : { clock }) })
    try {
      const analysis = new Analysis((await Catalog.load(log)).entries, (name) => log.topic(name) !== undefined)
      const compiled = compileWith(analysis, source, badData)
      const { dataflow } = compiled.script
      if (dataflow === null) return new LogScript(log, compiled.script, new Map())
      const uses = sourceUses(compiled)
      // Nobody writes these topics meanwhile: they end where they end.
      const nodes = dataflow.nodes.map((node) =>
        node.kind === 'source' && node.to === undefined && uses.get(node.id)?.kind === 'topic'
          ? { ...node, to: { kind: 'latest' } as const }
          : node,
      )
      const ends = (node: SourceNode): boolean =>
        node.to !== undefined || describes(compiled.script, node.table)?.description.bounded === true
      const script: CompiledScript = {
        ...compiled.script,
        dataflow: { ...dataflow, nodes },
        errors: refusals(log, nodes, compiled.script, uses),
        bounded: nodes.every((node) => node.kind !== 'source' || ends(node)),
      }
      return new LogScript(log, script, uses)
    } catch (error) {
      await log.close()
      throw error
    }
  }

  /** Of the tables that are connected or written. */
  missingVariables(templates: Templates): MillraceError | null {
    const { dataflow } = this.script
    if (dataflow === null) return null
    const nodes = dataflow.nodes.filter((node) => node.kind !== 'source' || this.#uses.get(node.id)?.kind !== 'topic')
    return missingVariables({ ...this.script, dataflow: { ...dataflow, nodes } }, templates)
  }

  start(options: JobOptions, events: JobEvents): Job {
    return new ScriptQuery({ ...options, script: this.script, uses: this.#uses, log: this.#log }, events)
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

interface Compiled {
  readonly script: CompiledScript
  /** Topics of what the script has not made itself, by the name of the table in lower case. */
  readonly topics: ReadonlyMap<string, string>
}

function compileWith(analysis: Analysis, source: ScriptSource, badData: BadDataPolicy): Compiled {
  let topics: ReadonlyMap<string, string> = new Map()
  const context = (statements: readonly Statement[]): readonly Statement[] => {
    const relations = statements.map((statement) => relationsOf(statement))
    const made = new Set(relations.map(({ creates }) => creates?.toLowerCase()))
    const known = analysis.context(
      relations.flatMap(({ reads }) => reads).filter((name) => !made.has(name.toLowerCase())),
    )
    topics = known.topics
    return known.statements
  }
  const script = compileScript(source, { badData, topics: true, context })
  return { script, topics }
}

function describes(script: CompiledScript, table: string): CompiledScript['tables'][number] | undefined {
  return script.tables.find(({ name }) => name === table)
}

function sourceUses({ script, topics }: Compiled): ReadonlyMap<NodeId, SourceUse> {
  const sources = (script.dataflow?.nodes ?? []).filter((node) => node.kind === 'source')
  return new Map(sources.map((node) => [node.id, useOf(node)]))

  function useOf({ table }: SourceNode): SourceUse {
    const known = topics.get(table.toLowerCase())
    if (known !== undefined) return { kind: 'topic', topic: known }
    const planned = describes(script, table)!
    const { use } = declaredTable(planned, false)
    if (use.kind === 'topic') return use
    if (use.kind !== 'capture' || planned.description.replayable) return { kind: 'connector' }
    // What all of its readers want is there already.
    const bounded = sources.every((node) => node.table !== table || node.to !== undefined)
    return { kind: bounded ? 'topic' : 'capture', topic: use.topic }
  }
}

/** What cannot be run although it can be planned. */
function refusals(
  log: Log,
  nodes: NonNullable<CompiledScript['dataflow']>['nodes'],
  script: CompiledScript,
  uses: ReadonlyMap<NodeId, SourceUse>,
): readonly MillraceError[] {
  return nodes.flatMap((node): MillraceError[] => {
    if (node.kind !== 'source' && node.kind !== 'sink') return []
    const span = describes(script, node.table)?.options.find(({ key }) => key === 'connector')?.span
    if (node.kind === 'sink') {
      if (describes(script, node.table)?.description.topic !== true) return []
      return [
        new MillraceError('SQL_UNSUPPORTED', `"run" does not write topics, and table "${node.table}" is one`, {
          hint: 'Run the script with "millrace serve", which writes them exactly once.',
          span,
        }),
      ]
    }
    const use = uses.get(node.id)!
    if (use.kind === 'connector') {
      if (node.from === undefined && node.to === undefined) return []
      return [
        new MillraceError(
          'SQL_UNSUPPORTED',
          `"run" reads table "${node.table}" itself, which has no positions to read from`,
          {
            detail: 'Its source can be read again at any time; only what cannot goes into the log.',
            span,
          },
        ),
      ]
    }
    if (use.kind === 'capture' || log.topic(use.topic) !== undefined) return []
    const names = log.topics().map(({ name }) => `"${name}"`)
    return [
      new MillraceError('LOG_UNKNOWN_TOPIC', `the log has no topic "${use.topic}"`, {
        detail: names.length === 0 ? 'It has none.' : names.length <= 12 ? `It has ${names.join(', ')}.` : undefined,
        hint: 'Nothing of it has been kept in this data directory.',
        span,
      }),
    ]
  })
}
