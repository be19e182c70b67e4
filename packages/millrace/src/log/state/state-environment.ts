import { join } from 'node:path'
import { MillraceError } from '../../kernel/index.ts'
import { decodeJson, encodeJson } from '../store/checked-value.ts'
import { Environment, type Write } from '../store/environment.ts'
import type { Format } from '../store/migrations.ts'
import type { Segment } from './segment.ts'

/** `catalog`: format, the next number. `owners`: the chain of each, by name. `chunks`: by segment and number. */
export const STATE_TABLES = ['catalog', 'owners', 'chunks'] as const

export type StateTable = (typeof STATE_TABLES)[number]

export type StateWrite = Write<StateTable>

export type StateEnvironment = Environment<StateTable>

export const STATE_FORMAT: Format<StateTable> = { version: 1, migrations: [] }

const NEXT = new TextEncoder().encode('next')

/** Where the state store of a data directory is. */
export function stateDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'state')
}

export function openStateEnvironment(directory: string): StateEnvironment {
  return new Environment(directory, STATE_TABLES)
}

/** Segments by owner, oldest first; null: the entry is damaged. */
export function readOwners(store: StateEnvironment): Map<string, readonly Segment[] | null> {
  return new Map(
    store.entries('owners', new Uint8Array()).map(([key, stored]) => {
      const entry = decodeJson(key, stored) as { readonly segments: readonly Segment[] } | undefined
      return [new TextDecoder().decode(key), entry?.segments ?? null]
    }),
  )
}

/** Null: the owner goes. */
export function ownerWrite(owner: string, segments: readonly Segment[] | null): StateWrite {
  const key = new TextEncoder().encode(owner)
  return { table: 'owners', key, value: segments === null ? null : encodeJson(key, { segments }) }
}

/** The number that no snapshot has had; 1 in a new store. @throws MillraceError LOG_CORRUPT. */
export function readNext(store: StateEnvironment): number {
  const stored = store.get('catalog', NEXT)
  if (stored === undefined) return 1
  const entry = decodeJson(NEXT, stored) as { readonly next: number } | undefined
  if (entry !== undefined) return entry.next
  throw new MillraceError('LOG_CORRUPT', `data directory "${store.directory}" is damaged`, {
    detail: 'The entry with the number of the next snapshot has a wrong checksum.',
    hint: 'Restore the data directory from a backup.',
  })
}

export function nextWrite(next: number): StateWrite {
  return { table: 'catalog', key: NEXT, value: encodeJson(NEXT, { next }) }
}
