import type { StateChange } from '../../src/log/index.ts'

/** Changes of step n: mostly small ones, now and then values larger than a chunk or a great many. */
export function changesOf(n: number): StateChange[]

export function apply(state: Map<string, string>, changes: readonly StateChange[]): void
