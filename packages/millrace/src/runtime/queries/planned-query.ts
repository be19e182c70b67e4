import type { SourceNode, TopicPosition } from '../../plan/index.ts'
import type { PlannedQuery } from '../catalog/index.ts'

function sourcesOf({ dataflow }: PlannedQuery): readonly SourceNode[] {
  return dataflow.nodes.filter((node) => node.kind === 'source')
}

/** Whether the query ends by itself. */
export function isBounded(query: PlannedQuery): boolean {
  return sourcesOf(query).every((node) => node.to !== undefined)
}

/** The same query, which ends where its topics end when it is started. */
export function boundedQuery(query: PlannedQuery): PlannedQuery {
  const nodes = query.dataflow.nodes.map((node) =>
    node.kind === 'source' && node.to === undefined ? { ...node, to: { kind: 'latest' } as const } : node,
  )
  return { ...query, dataflow: { ...query.dataflow, nodes } }
}

/**
 * Whether one dataflow can serve all who want the query: what a newcomer is to have of it does not depend on when it was started. Appended
 * rows of the past are told to nobody again; of a result that changes, a newcomer is told what stands.
 */
export function isShareable(query: PlannedQuery, start: TopicPosition): boolean {
  const sources = sourcesOf(query)
  if (sources.some((node) => node.to !== undefined)) return false
  return query.output.updating || sources.every((node) => (node.from ?? start).kind === 'latest')
}

/** Queries of one identity are one dataflow. */
export function queryIdentity(query: PlannedQuery, start: TopicPosition): string {
  return JSON.stringify([query.dataflow, query.topics, start])
}
