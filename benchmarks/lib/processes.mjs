import { fork } from 'node:child_process'
import { once } from 'node:events'

/**
 * Starts a script in a process of its own. It says `{ready, ...}` when it can be used and `{result}` when it is done; both come by IPC.
 * It ends by itself; `stop` ends it early, by its id.
 */
export async function start(url, ...args) {
  const child = fork(url, args.map(String), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
  const failed = new Promise((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code !== 0 && code !== null) reject(new Error(`${url} ended with code ${code}`))
    })
  })
  failed.catch(() => undefined)
  const next = async () => (await Promise.race([once(child, 'message'), failed]))[0]
  return {
    ready: await next(),
    next,
    send: (message) => child.send(message),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
