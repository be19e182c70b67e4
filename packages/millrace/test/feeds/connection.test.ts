import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { MillraceError } from '../../src/kernel/index.ts'
import { listen, type Listener, type ServerConnection } from '../../src/wire/index.ts'
import { compileScript, inlineExecutor, startJob, Templates, workerExecutor } from '../../src/runtime/index.ts'
import { DEFAULT_EXECUTOR, runScript, startScript } from './run-script.ts'

const listeners: Listener[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close({ graceMs: 0 })))
})

/** A feed that does to its n-th client what `serve` says. */
async function feed(serve: (ws: WebSocket, n: number, connection: ServerConnection) => void, autoPong = true) {
  let clients = 0
  const listener = await listen({
    port: 0,
    autoPong,
    onClient: (connection) => serve(connection.ws, ++clients, connection),
  })
  listeners.push(listener)
  return { url: listener.url, clients: () => clients }
}

const row = (symbol: string, second: number): string => `{"symbol":"${symbol}","at":${1_700_000_000_000 + second * 1000}}`

function tableOf(name: string, url: string, options = ''): string {
  return `CREATE TABLE ${name} (symbol TEXT, at TIMESTAMP, WATERMARK FOR at AS at) WITH (
  connector = 'websocket', endpoint = '${url}', format = 'json', reconnect.initial_delay = '1ms'${options});\n`
}

const COUNTS = `SELECT symbol, COUNT(*) AS n, TUMBLE(INTERVAL '1 minute') AS window FROM t GROUP BY symbol, window;`
const CLEAN = `, end_of_input = 'clean_close'`
const counted = (rows: readonly string[]) =>
  rows.map((text) => JSON.parse(text) as { symbol: string; n: number }).map(({ symbol, n }) => `${symbol} ${n}`)

const modes = [
  ['inline', false],
  ['in a worker', true],
] as const

describe.each(modes)('a lost connection, %s', (_, worker) => {
  it('costs no state: a window holds rows from before and after', async () => {
    const { url } = await feed((ws, n, { socket }) => {
      ws.send(row('a', n), () => (n < 3 ? socket.end() : ws.close(1000)))
    })
    const run = await runScript(tableOf('t', url, CLEAN) + COUNTS, { worker })
    expect(run.end).toEqual({ kind: 'finished' })
    expect(counted(run.rows)).toEqual(['a 3'])
    expect(run.gaps).toHaveLength(2)
    expect(run.gaps[0]).toMatchObject({ table: 't', count: null, reason: expect.stringContaining('1006') as string })
    expect(run.gaps[0]!.to).toBeGreaterThanOrEqual(run.gaps[0]!.from)
    expect(run.statistics).toMatchObject({ gaps: 2, reconnects: 2, rowsIn: 3 })
  })

  it('is noticed though the socket stays open: silence, a ping without an answer, a gap, a new connection', async () => {
    const { url } = await feed((ws, n) => {
      ws.send(row('a', n))
      if (n === 2) ws.send(row('a', 3), () => ws.close(1000))
    }, false)
    const run = await runScript(tableOf('t', url, `${CLEAN}, ping_interval = '50ms', ping_timeout = '50ms'`) + COUNTS, {
      worker,
    })
    expect(counted(run.rows)).toEqual(['a 3'])
    expect(run.gaps).toMatchObject([{ reason: expect.stringContaining('no answer to a ping for 0.05 s') as string }])
  })
})

describe('the end of a connection', () => {
  it.each([
    ['never', 1000, 'goes on'],
    ['clean_close', 1000, 'ends'],
    ['clean_close', 1001, 'goes on'],
    ['clean_close', 4000, 'goes on'],
    ['any_close', 1000, 'ends'],
    ['any_close', 4000, 'ends'],
  ] as const)('end_of_input %s, close code %i: %s', async (end, code, then) => {
    const { url, clients } = await feed((ws, n) => {
      ws.send(row('a', n), () => (n === 1 ? ws.close(code) : undefined))
    })
    const running = startScript(`${tableOf('t', url, `, end_of_input = '${end}'`)}SELECT symbol FROM t;`, {
      // Only a second connection can bring a second row.
      onGap: () => void running.job.stop(),
    })
    const run = await running.done
    expect(run.end.kind).toBe(then === 'ends' ? 'finished' : 'stopped')
    expect(clients()).toBe(then === 'ends' ? 1 : 2)
    expect(run.gaps).toHaveLength(then === 'ends' ? 0 : 1)
  })

  it('without retries is the end of input, however it came', async () => {
    const { url } = await feed((ws, n, { socket }) => ws.send(row('a', n), () => socket.destroy()))
    const run = await runScript(tableOf('t', url, `, reconnect.max_retries = 0`) + COUNTS)
    expect(run.end).toEqual({ kind: 'finished' })
    expect(counted(run.rows)).toEqual(['a 1'])
  })

  it('fails the job once the retries are used up, with windows left open and the place of the table', async () => {
    let port: Listener | null = null
    const { url } = await feed((ws, n, { socket }) => {
      port = listeners[0]!
      ws.send(row('a', n), () => {
        socket.destroy()
        void port!.close({ graceMs: 0 })
      })
    })
    const sql = tableOf('t', url, `, reconnect.max_retries = 2`) + COUNTS
    const run = await runScript(sql)
    expect(run.end).toMatchObject({ kind: 'failed', error: { code: 'CONNECTOR_RETRIES_EXHAUSTED', entry: { exit: 69 } } })
    const { span } = (run.end as { readonly error: MillraceError }).error
    expect(sql.slice(span!.start, span!.end)).toBe(`connector = 'websocket'`)
    expect(run.rows).toEqual([])
    expect(run.gaps).toMatchObject([{ to: null }])
  })
})

describe('several feeds', () => {
  it('run in one script, each with its own connection and its own end', async () => {
    const send = (symbol: string) => (ws: WebSocket) => {
      for (let i = 0; i < 3; i++) ws.send(row(symbol, i))
      ws.close(1000)
    }
    const [left, right] = [await feed(send('l')), await feed(send('r'))]
    const run = await runScript(
      `${tableOf('l', left.url, CLEAN)}${tableOf('r', right.url, CLEAN)}
CREATE VIEW t AS SELECT symbol, at FROM l UNION ALL SELECT symbol, at FROM r;
${COUNTS}`,
    )
    expect(run.end).toEqual({ kind: 'finished' })
    expect(counted(run.rows).sort()).toEqual(['l 3', 'r 3'])
    expect([left.clients(), right.clients()]).toEqual([1, 1])
  })

  it('a table that two queries read is connected to once', async () => {
    const { url, clients } = await feed((ws) => {
      ws.send(row('a', 1))
      ws.close(1000)
    })
    const run = await runScript(`${tableOf('t', url, CLEAN)}SELECT symbol FROM t; SELECT at FROM t;`)
    expect(run.rows.toSorted()).toEqual(['{"at":"2023-11-14T22:13:21Z"}', '{"symbol":"a"}'])
    expect(clients()).toBe(1)
  })

  it('one that is lost for good fails the job, however busy the other is', async () => {
    const busy = await feed((ws) => {
      const more = (): void => {
        if (ws.readyState === ws.OPEN) ws.send(row('b', 1), () => setImmediate(more))
      }
      more()
    })
    const run = await runScript(
      `${tableOf('b', busy.url)}${tableOf('gone', 'ws://127.0.0.1:1/', ', reconnect.max_retries = 3')}
SELECT symbol FROM b; SELECT symbol FROM gone;`,
    )
    expect(run.end).toMatchObject({ kind: 'failed', error: { code: 'CONNECTOR_RETRIES_EXHAUSTED' } })
  })
})

describe('stopping', () => {
  it.each(modes)('before anything is open ends the job at once, %s', async (_, worker) => {
    const { url } = await feed((ws) => ws.send(row('a', 1)))
    const running = startScript(tableOf('t', url) + COUNTS, { worker })
    expect(await running.job.stop()).toEqual({ kind: 'stopped' })
    expect((await running.done).rows).toEqual([])
  })

  it('while a connection is being made does not wait for it', async () => {
    const accepted: Socket[] = []
    const server = createServer((socket) => {
      accepted.push(socket)
      void running.job.stop()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const running = startScript(tableOf('t', url, `, handshake_timeout = '1 hour'`) + COUNTS)
    expect((await running.done).end).toEqual({ kind: 'stopped' })
    for (const socket of accepted) socket.destroy()
    server.close()
  })

  it('processes what was read and leaves windows open', async () => {
    const { url } = await feed((ws) => {
      ws.send(row('a', 1))
      ws.send(row('b', 70))
    })
    const running = startScript(tableOf('t', url) + COUNTS, { onRow: () => void running.job.stop() })
    const run = await running.done
    expect(run.end).toEqual({ kind: 'stopped' })
    expect(counted(run.rows)).toEqual(['a 1'])
  })
})

describe('missing variables', () => {
  it('are named all at once, before anything is opened, at the option that needs one', async () => {
    const out = join(tmpdir(), `millrace-never-${process.pid}.jsonl`)
    const sql = `${tableOf('a', 'ws://127.0.0.1:1/{{ ONE }}', `, headers = 'A: {{ TWO }}', 'subscription_messages.0' = '{{ ONE }} {{ THREE }}'`)}
${tableOf('b', 'ws://127.0.0.1:1/{{ FOUR }}')}
${tableOf('unused', 'ws://127.0.0.1:1/{{ FIVE }}')}
CREATE TABLE o (symbol TEXT) WITH (connector = 'single_file', path = '${out}');
INSERT INTO o SELECT symbol FROM a UNION ALL SELECT symbol FROM b;`
    const run = await runScript(sql, { variables: { FOUR: 'set' } })
    const { error } = run.end as { readonly error: MillraceError }
    expect(error.message).toBe('environment variables "ONE", "TWO", "THREE" are not set')
    expect(sql.slice(error.span!.start, error.span!.end)).toContain('{{ ONE }}')
    expect(run.notices).toEqual([])
    expect(existsSync(out)).toBe(false)
  })
})

describe.each(modes)('what the owner of a job throws, %s', (_, worker) => {
  it('fails the job: a dead letter that cannot be kept', async () => {
    const { url } = await feed((ws) => ws.send('no json'))
    const script = compileScript({ name: 'x.sql', text: `${tableOf('t', url, `, bad_data = 'dead_letter'`)}SELECT symbol FROM t;` })
    const job = startJob(
      script,
      {
        executor: DEFAULT_EXECUTOR,
        createExecutor: worker ? workerExecutor : inlineExecutor,
        templates: new Templates(() => undefined),
        stdout: process.stdout,
      },
      {
        output: () => undefined,
        deadLetter: () => {
          throw new Error('no room')
        },
      },
    )
    expect(await job.ended).toMatchObject({ kind: 'failed', error: { message: 'no room' } })
  })
})
