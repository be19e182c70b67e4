/**
 * Fills blocks of a topic that keeps an hour, while the wall clock is set in between by the hours given, and prints what there is then:
 * [hours by which the wall clock is off, timestamp of each record still there].
 */
import { writeFileSync } from 'node:fs'
import { openLog } from '../../dist/log/index.js'

const [directory, jump, ...hours] = process.argv.slice(2)
const begun = Date.now()
const log = await openLog({ directory, maintainEveryMs: 0 })
if (log.topic('t') === undefined) await log.createTopic('t', { retentionMs: 3_600_000 })
for (const hour of ['0', ...hours]) {
  writeFileSync(jump, `${Number(hour) * 3600}`)
  for (let i = 0; i < 3; i++) await log.append({ topic: 't', records: [{ value: Buffer.alloc(250_000) }] })
  await log.maintain()
  const times = []
  for await (const block of await log.reader('t')) times.push(...block.timestamps.subarray(0, block.count))
  process.stdout.write(`${JSON.stringify([Math.round((Date.now() - begun) / 3_600_000), times])}\n`)
}
await log.close()
