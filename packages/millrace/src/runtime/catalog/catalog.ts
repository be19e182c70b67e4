import { MillraceError } from '../../kernel/index.ts'
import type { Log, Put } from '../../log/index.ts'
import { parseStatement, STANDARD } from '../../sql/index.ts'
import { CATALOG_PREFIX, type CatalogObject, decodeObject, objectKey, objectPut, objectText } from './catalog-object.ts'
import type { Entry, ObjectStatement } from './entry.ts'

const REMAINS_PREFIX = 'catalog-remains/'

/** What is to be deleted of objects that are gone or begin anew. */
export interface Remains {
  /** Names of pipelines: journal, state, positions. */
  readonly pipelines: readonly string[]
  /** Names of tables: how far their source was read. */
  readonly captures: readonly string[]
  /** Names of sinks: how far they were delivered. */
  readonly deliveries: readonly string[]
  readonly topics: readonly string[]
}

/** An object whose statement cannot be read: it stays as it is, and does not run. */
export interface BrokenObject {
  readonly object: CatalogObject
  readonly error: MillraceError
}

/** The objects of a data directory. What it shows is durable. */
export class Catalog {
  readonly #log: Log
  #entries: ReadonlyMap<string, Entry> = new Map()
  #broken: ReadonlyMap<string, BrokenObject> = new Map()

  private constructor(log: Log) {
    this.#log = log
  }

  /** @throws MillraceError LOG_CORRUPT */
  static async load(log: Log): Promise<Catalog> {
    const catalog = new Catalog(log)
    const stored = await log.entries(CATALOG_PREFIX)
    const objects = stored.map(([key, value]) => decodeObject(key, value)).sort((a, b) => a.ordinal - b.ordinal)
    const entries = new Map<string, Entry>()
    const broken = new Map<string, BrokenObject>()
    for (const object of objects) {
      try {
        entries.set(objectKey(object), { object, statement: parseStatement(object.sql, STANDARD) as ObjectStatement })
      } catch (cause) {
        broken.set(objectKey(object), { object, error: unreadable(object, cause) })
      }
    }
    catalog.#entries = entries
    catalog.#broken = broken
    return catalog
  }

  /** By key, in the order of creation. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries
  }

  get broken(): ReadonlyMap<string, BrokenObject> {
    return this.#broken
  }

  /** In one transaction: what there is from now on, and what is to be deleted, which `remains` gives until `deleted` is called. */
  async replace(entries: ReadonlyMap<string, Entry>, broken: ReadonlyMap<string, BrokenObject>, remains: Remains): Promise<void> {
    const puts: Put[] = []
    for (const [key, { object }] of entries) if (this.#entries.get(key)?.object !== object) puts.push(objectPut(object))
    for (const key of [...this.#entries.keys(), ...this.#broken.keys()]) {
      if (!entries.has(key) && !broken.has(key)) puts.push({ key: `${CATALOG_PREFIX}${key}`, value: null })
    }
    if (Object.values(remains).some((names: readonly string[]) => names.length > 0)) {
      const last = (await this.remains()).at(-1)?.number ?? 0
      puts.push({ key: remainsKey(last + 1), value: Buffer.from(JSON.stringify(remains)) })
    }
    if (puts.length > 0) await this.#log.commit({ puts })
    this.#entries = entries
    this.#broken = broken
  }

  /** What is still to be deleted, the oldest first. */
  async remains(): Promise<readonly { readonly number: number; readonly remains: Remains }[]> {
    const stored = await this.#log.entries(REMAINS_PREFIX)
    return stored
      .map(([key, value]) => ({
        number: Number(key.slice(REMAINS_PREFIX.length)),
        remains: JSON.parse(Buffer.from(value).toString()) as Remains,
      }))
      .sort((a, b) => a.number - b.number)
  }

  async deleted(number: number): Promise<void> {
    await this.#log.commit({ puts: [{ key: remainsKey(number), value: null }] })
  }
}

function remainsKey(number: number): string {
  return `${REMAINS_PREFIX}${number}`
}

function unreadable(object: CatalogObject, cause: unknown): MillraceError {
  return new MillraceError('LOG_VERSION', `the statement of ${objectText(object)} cannot be read`, {
    detail: cause instanceof Error ? cause.message : undefined,
    hint: 'Another version wrote it. Drop the object and create it again.',
    cause,
  })
}
