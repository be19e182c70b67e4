import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { temporaryLog, values } from '../../../test/log/temporary-log.ts'
import { finishedEnds, finishedPut } from './finished-topics.ts'

describe('a finished topic', () => {
  it('ends behind the records that came with the news', async () => {
    const log = await temporaryLog()
    await log.createTopic('t', { partitions: 2 })
    await log.append({ topic: 't', records: values('1') })
    expect(await finishedEnds(log, 't')).toBeNull()
    const last = log.commit({ appends: [{ topic: 't', records: values('2', '3') }], puts: [finishedPut('t', true)] })
    // Until it is durable, with hardly a turn in which the log could hear of it.
    let ends: readonly number[] | null
    for (;;) {
      const until = performance.now() + 50
      while (performance.now() < until);
      ends = await finishedEnds(log, 't')
      if (ends !== null) break
      await setImmediate()
    }
    expect(ends).toEqual([3, 0])
    await last
  })
})
