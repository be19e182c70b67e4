import { describe, expect, it } from 'vitest'
import { readRecords, temporaryLog, values } from '../../../test/log/temporary-log.ts'
import { type Fate, faultyLog } from '../../../test/runtime/pipelines/faulty-log.ts'
import { MillraceError } from '../../kernel/index.ts'
import { CommitWindow } from './commit-window.ts'

const FULL = new MillraceError('LOG_FULL', 'the disk is full')

async function windowOver(fate: (commit: number) => Fate, limits = { commits: 8, bytes: 1000 }) {
  const log = await temporaryLog()
  await log.createTopic('t')
  const told: string[] = []
  const window = new CommitWindow({ log: faultyLog(log, fate), ...limits, failed: () => told.push('failed') })
  const submit = (text: string): Promise<void> =>
    window.submit({ appends: [{ topic: 't', records: values(text) }] }, 100, () => void told.push(text))
  const kept = async () => (await readRecords(log, 't')).map(({ value }) => value)
  return { window, submit, told, kept }
}

describe('CommitWindow', () => {
  it('keeps commits in order and says of each when it is durable', async () => {
    const { window, submit, told, kept } = await windowOver(() => 'kept')
    for (const text of ['a', 'b', 'c']) await submit(text)
    expect(window.bytes).toBeGreaterThan(0)
    await window.durable()
    expect(told).toEqual(['a', 'b', 'c'])
    expect(await kept()).toEqual(['a', 'b', 'c'])
    expect(window.bytes).toBe(0)
  })

  it('lets nothing follow a refused commit, though the answer is still on its way', async () => {
    const { window, submit, told, kept } = await windowOver((commit) => (commit === 1 ? FULL : 'kept'))
    await submit('a')
    await submit('b')
    await expect(submit('c')).rejects.toBe(FULL)
    await expect(window.room()).rejects.toBe(FULL)
    await expect(window.durable()).rejects.toBe(FULL)
    await window.settled()
    expect(await kept()).toEqual(['a'])
    expect(told.filter((each) => each !== 'a')).toEqual(['failed'])
  })

  it('makes the next commit wait while it is full, and wakes it when a commit fails', async () => {
    const { window, submit, told } = await windowOver(() => 'kept', { commits: 2, bytes: 1000 })
    await submit('a')
    await submit('b')
    await window.room()
    expect(told.length).toBeGreaterThan(0)
    const narrow = await windowOver((commit) => (commit === 0 ? FULL : 'kept'), { commits: 1, bytes: 1000 })
    await narrow.submit('a')
    await expect(narrow.window.room()).rejects.toBe(FULL)
    const small = await windowOver(() => 'kept', { commits: 8, bytes: 100 })
    await small.submit('a')
    await small.window.room()
    expect(small.told).toEqual(['a'])
  })
})
