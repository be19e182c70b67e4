import { MillraceError } from '../../kernel/index.ts'
import { decodeJson, encodeJson } from './partition-state.ts'
import type { Store, Write } from './store.ts'

/** Of what this program writes. Raised by every change that an older program could not read. */
export const FORMAT_VERSION = 1

export interface Migration {
  /** Leads from this version to the next. */
  readonly from: number
  /** The writes that convert the store; the new version is recorded in the same transaction. */
  plan(store: Store): readonly Write[]
}

/** In order, one for each version below FORMAT_VERSION. Version 1 is the first. */
export const MIGRATIONS: readonly Migration[] = []

const KEY = new TextEncoder().encode('format')

/**
 * Brings the store to the version this program writes.
 *
 * @throws MillraceError LOG_VERSION when the store is newer, or so old that nothing converts it.
 */
export async function migrate(
  store: Store,
  directory: string,
  target = FORMAT_VERSION,
  migrations = MIGRATIONS,
): Promise<void> {
  let version = readVersion(store, directory)
  if (version === null) {
    await store.write([versionWrite(target)])
    return
  }
  if (version > target) throw versionError(directory, version, target, 'Use the program that wrote it, or a newer one.')
  for (; version < target; version++) {
    const migration = migrations.find((m) => m.from === version)
    if (migration === undefined)
      throw versionError(directory, version, target, 'Open it once with a version in between.')
    await store.write([...migration.plan(store), versionWrite(version + 1)])
  }
}

/** Null: the store is new. */
function readVersion(store: Store, directory: string): number | null {
  const stored = store.get('catalog', KEY)
  if (stored === undefined) return null
  const { version } = (decodeJson(KEY, stored) ?? {}) as { version?: number }
  if (version === undefined) {
    throw new MillraceError('LOG_CORRUPT', `the format version of data directory "${directory}" is damaged`)
  }
  return version
}

function versionWrite(version: number): Write {
  return { table: 'catalog', key: KEY, value: encodeJson(KEY, { version }) }
}

function versionError(directory: string, found: number, known: number, hint: string): MillraceError {
  return new MillraceError(
    'LOG_VERSION',
    `data directory "${directory}" has format version ${found}, this program has version ${known}`,
    { hint },
  )
}
