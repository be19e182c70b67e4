/** Serves the console at http://localhost:8090/console/, for this machine only. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { root, setUp } from './setup.mjs'

const PORT = 8090
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const SERVED = /^\/(console\/(index\.html|console\.css|dist\/[\w-]+\.js)|(client|protocol)\/dist\/[\w-]+\.js)$/

if (!setUp()) process.exit(1)
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  if (path === '/' || path === '/console') return response.writeHead(302, { location: '/console/' }).end()
  const file = path === '/console/' ? '/console/index.html' : path
  if (!SERVED.test(file)) return response.writeHead(404).end('not found\n')
  readFile(join(root, 'packages', normalize(file))).then(
    (content) => response.writeHead(200, { 'content-type': `${TYPES[extname(file)]}; charset=utf-8` }).end(content),
    () => response.writeHead(404).end('not found\n'),
  )
})
server.on('error', (error) => {
  console.error(`error: ${error.code === 'EADDRINUSE' ? `port ${PORT} is in use` : error.message}`)
  process.exitCode = 69
})
server.listen(PORT, 'localhost', () => console.error(`the console is at http://localhost:${PORT}/`))
