export { startServer } from './start-server.ts'
export type { Check, Server, ServerOptions } from './server-options.ts'
