import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { Scratch } from '../cli/millrace.ts'
import { serve } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const FAULTS = fileURLToPath(new URL('../log/disk-faults.c', import.meta.url))

describe('a stop', () => {
  it('names what blocks it when its time is up, and ends the process nevertheless', { timeout: 60_000 }, async (context) => {
    const library = scratch.path('disk-faults.so')
    const built = process.platform === 'linux' && spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, FAULTS, '-ldl']).status === 0
    if (!built) context.skip('the slow disk needs Linux and a C compiler')
    // Every sync of the disk takes longer than the stop may.
    const trace = scratch.path('trace')
    const slow = { LD_PRELOAD: library, FAULTS_DELAY: '600', FAULTS_TRACE: trace }
    const { child, url, exit, said } = await serve(['--data-dir', scratch.path('data'), '--stop-within', '200ms'], slow)
    onTestFinished(() => void child.kill('SIGKILL'))
    const headers = { 'content-type': 'application/x-ndjson' }
    const answer = fetch(`${url}/v1/topics/t/records`, { method: 'POST', headers, body: '{"value":1}' }).catch(() => null)
    const syncs = () => readFileSync(trace, 'utf8').split('sync begin').length
    for (const before = syncs(); syncs() === before; ) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGTERM')
    expect(await exit).toEqual({ code: null, signal: 'SIGTERM' })
    expect(said()).toMatch(/not stopped within 0\.2 s; it waited for the log\n$/)
    expect(await answer).toBeNull()
  })
})
