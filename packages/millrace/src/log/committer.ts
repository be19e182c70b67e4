import { MillraceError } from '../kernel/index.ts'
import { RecordBuffer } from './block/record-buffer.ts'
import type { Append, Appended } from './log.ts'
import type { Change, Expired, Partition } from './partition.ts'
import type { Store, Write } from './store/store.ts'

/** A group this large is closed, and what comes after waits for the next one. */
const GROUP_BYTES = 8 * 1024 * 1024

/** Buffers kept for later groups, and how large one may be. */
const FREE_BUFFERS = 4
const FREE_BUFFER_BYTES = 2 * GROUP_BYTES

/** What appends leave free on a full disk: for what has to be written to make room. */
const RESERVED_BYTES = 2 * 1024 * 1024

/** One append, resolved to its partition. */
export interface Appending {
  readonly partition: Partition
  readonly append: Append
  readonly count: number
  readonly bytes: number
}

/** A part of a commit that is no record. `apply` is called once it is durable. */
export interface SmallWrite {
  readonly write: Write
  apply?(): void
}

interface Waiter {
  readonly resolve: (appended: readonly Appended[]) => void
  readonly reject: (error: MillraceError) => void
  readonly parts: readonly { readonly partition: Partition; readonly row: number; readonly count: number }[]
}

/** What one transaction contains. */
interface Group {
  readonly buffers: Map<Partition, RecordBuffer>
  readonly small: SmallWrite[]
  readonly waiters: Waiter[]
  /** Maintenance: computed when its turn comes, from the state the groups before have left. Has a group of its own. */
  readonly plan: (() => Change | null) | null
  bytes: number
}

export interface CommitCounters {
  commits: number
  records: number
  bytes: number
  refused: number
}

/**
 * Group commit: whatever is submitted while one transaction is being written goes into the next one together, so that transactions
 * run back to back under load and one record alone waits for nothing but its own sync.
 */
export class Committer {
  readonly #store: Store
  readonly #now: () => number
  readonly #onFailure: () => void
  readonly #expire: (partition: Partition) => Expired | null
  /** In the order of submission. The last one is open while it has no plan and is not too large. */
  #groups: Group[] = []
  readonly #freeBuffers: RecordBuffer[] = []
  #running: Promise<void> | null = null
  #failed: MillraceError | null = null
  #pendingBytes = 0
  readonly counters: CommitCounters = { commits: 0, records: 0, bytes: 0, refused: 0 }

  constructor(
    store: Store,
    now: () => number,
    onFailure: () => void,
    expire: (partition: Partition) => Expired | null,
  ) {
    this.#store = store
    this.#now = now
    this.#onFailure = onFailure
    this.#expire = expire
  }

  get failed(): MillraceError | null {
    return this.#failed
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  submit(appendings: readonly Appending[], small: readonly SmallWrite[]): Promise<readonly Appended[]> {
    if (this.#failed !== null) return Promise.reject(this.#failed)
    return new Promise((resolve, reject) => {
      const group = this.#openGroup()
      const parts = appendings.map(({ partition, append, count, bytes }) => {
        let records = group.buffers.get(partition)
        if (records === undefined) {
          records = this.#freeBuffers.pop() ?? new RecordBuffer()
          group.buffers.set(partition, records)
        }
        const logTime = partition.advanceTime(this.#now())
        const row = records.count
        if ('offsets' in append.records) records.addPacked(append.records, logTime)
        else for (const record of append.records) records.add(record, logTime)
        records.checked &&= append.checked === true
        group.bytes += bytes
        this.#pendingBytes += bytes
        return { partition, row, count }
      })
      group.small.push(...small)
      group.waiters.push({ resolve, reject, parts })
      this.#start()
    })
  }

  /** Runs `plan` between two transactions and writes what it says; null: there is nothing to do. Answers whether there was. */
  submitPlan(plan: () => Change | null): Promise<boolean> {
    if (this.#failed !== null) return Promise.reject(this.#failed)
    return new Promise((resolve, reject) => {
      let had = false
      const group: Group = {
        buffers: new Map(),
        small: [],
        waiters: [{ resolve: () => resolve(had), reject, parts: [] }],
        plan: () => {
          const change = plan()
          had = change !== null
          return change
        },
        bytes: 0,
      }
      this.#groups.push(group)
      this.#start()
    })
  }

  /** Runs `look` between two transactions, when what the store holds and what the partitions say are the same. */
  async between<T>(look: () => T): Promise<T> {
    let result: T | undefined
    await this.submitPlan(() => {
      result = look()
      return null
    })
    return result as T
  }

  /** Resolves when everything submitted has been answered. */
  async drain(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  #openGroup(): Group {
    const last = this.#groups.at(-1)
    if (last !== undefined && last.plan === null && last.bytes < GROUP_BYTES) return last
    const group: Group = { buffers: new Map(), small: [], waiters: [], plan: null, bytes: 0 }
    this.#groups.push(group)
    return group
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // What is submitted in the same turn belongs together.
    await Promise.resolve()
    let group: Group | undefined
    while ((group = this.#groups.shift()) !== undefined) await this.#commit(group)
    this.#running = null
  }

  async #commit(group: Group): Promise<void> {
    const bases = new Map<Partition, number>()
    const changes: Change[] = []
    try {
      for (const [partition, records] of group.buffers) {
        if (partition.damage !== null) throw partition.damage
        bases.set(partition, partition.end)
        if (records.count === 0) continue
        changes.push(partition.append(records, partition.advanceTime(this.#now()), this.#expire(partition)))
      }
      const planned = group.plan?.() ?? null
      if (planned !== null) changes.push(planned)
      const writes = changes.flatMap((c) => c.writes).concat(group.small.map((s) => s.write))
      if (writes.length > 0) {
        await this.#store.write(writes, group.buffers.size === 0 ? 0 : RESERVED_BYTES)
        this.counters.commits++
      }
    } catch (error) {
      this.#refuse(group, MillraceError.from(error))
      return
    }
    for (const change of changes) change.apply()
    for (const small of group.small) small.apply?.()
    this.#count(group)
    this.#reuseMemory(group, changes)
    for (const waiter of group.waiters) {
      waiter.resolve(
        waiter.parts.map(({ partition, row, count }) => ({
          topic: partition.topic,
          partition: partition.index,
          firstOffset: bases.get(partition)! + row,
          count,
        })),
      )
    }
  }

  #count(group: Group): void {
    for (const records of group.buffers.values()) this.counters.records += records.count
    this.counters.bytes += group.bytes
    this.#pendingBytes -= group.bytes
  }

  #reuseMemory(group: Group, changes: readonly Change[]): void {
    for (const { writes } of changes) {
      for (const { value } of writes) if (value !== null) this.#store.memory.giveBack(value)
    }
    for (const records of group.buffers.values()) {
      if (this.#freeBuffers.length >= FREE_BUFFERS || records.values.length > FREE_BUFFER_BYTES) continue
      records.clear()
      this.#freeBuffers.push(records)
    }
  }

  #refuse(group: Group, error: MillraceError): void {
    if (group.plan === null) this.counters.refused++
    this.#pendingBytes -= group.bytes
    const fatal = error.code === 'LOG_FAILED'
    if (fatal) this.#failed = error
    for (const waiter of group.waiters) waiter.reject(error)
    // Later appends of the same writers must not be kept when an earlier one was not.
    const others = fatal ? this.#groups : this.#groups.filter((g) => g.plan === null && group.plan === null)
    this.#groups = this.#groups.filter((g) => !others.includes(g))
    for (const other of others) {
      this.#pendingBytes -= other.bytes
      for (const waiter of other.waiters) waiter.reject(error)
    }
    if (fatal) this.#onFailure()
  }
}
