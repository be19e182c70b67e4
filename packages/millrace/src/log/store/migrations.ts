import { MillraceError } from '../../kernel/index.ts'
import { decodeJson, encodeJson } from './checked-value.ts'
import { CATALOG, type Environment, FORMAT_KEY, type Write } from './environment.ts'
import { corrupt } from './store-errors.ts'

export interface Migration<Table extends string> {
  /** Leads from this version to the next. */
  readonly from: number
  /** The writes that convert the store; the new version is recorded in the same transaction. */
  plan(store: Environment<Table>): readonly Write<Table>[]
}

/** Of what this program writes to one kind of environment. */
export interface Format<Table extends string> {
  /** Raised by every change that an older program could not read. */
  readonly version: number
  /** In order, one for each version below. Version 1 is the first. */
  readonly migrations: readonly Migration<Table>[]
}

/**
 * Brings the store to the version this program writes.
 *
 * @throws MillraceError LOG_VERSION when the store is newer, or so old that nothing converts it.
 */
export async function migrate<Table extends string>(
  store: Environment<Table | 'catalog'>,
  { version: target, migrations }: Format<Table | 'catalog'>,
): Promise<void> {
  let version = readVersion(store)
  if (version === null) {
    await store.write([versionWrite(target)])
    return
  }
  const { directory } = store
  if (version > target) throw versionError(directory, version, target, 'Use the program that wrote it, or a newer one.')
  for (; version < target; version++) {
    const migration = migrations.find((m) => m.from === version)
    if (migration === undefined) {
      throw versionError(directory, version, target, 'Open it once with a version in between.')
    }
    await store.write([...migration.plan(store), versionWrite(version + 1)])
  }
}

/** Null: the store is new. */
function readVersion<Table extends string>(store: Environment<Table | 'catalog'>): number | null {
  const stored = store.get(CATALOG, FORMAT_KEY)
  if (stored === undefined) {
    const filled = store.tables.find((table) => store.entryCount(table) > 0)
    if (filled === undefined) return null
    throw corrupt(store.directory, `Table "${filled}" has entries of an unknown format.`)
  }
  const { version } = (decodeJson(FORMAT_KEY, stored) ?? {}) as { version?: number }
  if (version === undefined) {
    throw corrupt(store.directory, 'The entry with the format version has a wrong checksum.')
  }
  return version
}

function versionWrite(version: number): Write<'catalog'> {
  return { table: CATALOG, key: FORMAT_KEY, value: encodeJson(FORMAT_KEY, { version }) }
}

function versionError(directory: string, found: number, known: number, hint: string): MillraceError {
  return new MillraceError(
    'LOG_VERSION',
    `data directory "${directory}" has format version ${found}, this program has version ${known}`,
    { hint },
  )
}
