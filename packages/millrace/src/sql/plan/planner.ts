import type { BadDataPolicy, DescribeTable, Span } from '../../kernel/index.ts'
import type { BindEnvironment, Report } from '../bind/index.ts'
import type { Draft } from './draft.ts'
import type { Relation } from './relation.ts'
import type { Settings } from './settings.ts'
import type { Table } from './table.ts'

export interface View {
  readonly name: string
  readonly relation: Relation
  readonly span: Span
}

/** What planning one script knows and fills. */
export interface Planner {
  readonly environment: BindEnvironment
  readonly report: Report
  readonly describeTable: DescribeTable
  readonly defaultBadData: BadDataPolicy
  readonly draft: Draft
  /** By name in lower case, in the order of creation. */
  readonly tables: Map<string, Table>
  readonly views: Map<string, View>
  readonly settings: Settings
  /** Tables and views that a later statement creates, by name in lower case: for messages. */
  readonly later: Set<string>
  /** See PlanOptions. */
  readonly partial: boolean
  readonly topics: boolean
}

/** Names that only one query sees. */
export interface QueryScope {
  /** Common tables, by name in lower case. */
  readonly common: ReadonlyMap<string, Relation>
}

export const EMPTY_SCOPE: QueryScope = { common: new Map() }
