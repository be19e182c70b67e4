import type { Schema } from '../../kernel/index.ts'
import { isJoin, type JoinNode, residualOf, type WindowSpec } from '../../plan/index.ts'
import { printExpr } from './print-expr.ts'
import type { JoiningNode } from './prune-join.ts'

interface Words {
  readonly window: (window: WindowSpec) => string
  readonly duration: (micros: number) => string
}

/** What a join does, in names of columns; `inputs` by port. */
export function joinText(node: JoiningNode, inputs: readonly Schema[], words: Words): string {
  if (!isJoin(node)) {
    if (node.kind === 'assign_windows') return `each row in ${words.window(node.window)}`
    const { name } = inputs[0]!.fields[node.array]!
    return `a row for each element of ${name}${node.outer ? ', one with NULL where there is none' : ''}`
  }
  const [left, right] = inputs
  const keys = node.keys.map((k) => {
    const sign = k.nullsMatch ? 'IS NOT DISTINCT FROM' : '='
    return `${left!.fields[k.left]!.name} ${sign} ${right!.fields[k.right]!.name}`
  })
  const residual = residualOf(node)
  const both = [...left!.fields, ...right!.fields]
  const how = timeText(node, words)
  return [
    node.type,
    ...(keys.length === 0 ? [] : [`on ${keys.join(', ')}`]),
    ...how,
    ...(residual === null ? [] : [`where ${printExpr(residual, (i) => both[i]?.name ?? `#${i}`)}`]),
  ].join('; ')
}

function timeText(node: JoinNode, { window, duration }: Words): string[] {
  switch (node.kind) {
    case 'interval_join':
      if (node.window !== null) return [`in the same window, ${window(node.window)}`]
      if (node.lower === node.upper) return [`right row ${offsetText(node.lower, duration)}`]
      return [`right row between ${offsetText(node.lower, duration)} and ${offsetText(node.upper, duration)}`]
    case 'join':
      return [`${node.updating ? 'changes' : 'appends'}, rows kept for ${duration(node.ttl)}`]
    case 'asof_join': {
      const direction = { backward: 'the last right row before', forward: 'the first right row after', nearest: 'the nearest right row' }
      const same = node.direction === 'nearest' ? '' : node.strict ? '' : ' or at the same time'
      const within = node.tolerance === null ? [] : [`within ${duration(node.tolerance)}`]
      return [`${direction[node.direction]}${same}`, ...within, ...(node.versions ? ['versions of a table'] : [])]
    }
  }
}

function offsetText(micros: number, duration: (micros: number) => string): string {
  if (micros === 0) return 'at the same time'
  return micros < 0 ? `${duration(-micros)} before` : `${duration(micros)} after`
}
