export * from './broadcast.ts'
export * from './connector.ts'
export { describeTable } from './describe-table.ts'
export { CONNECTORS, findConnector } from './registry.ts'
export { TEMPLATE, templateNames } from './template.ts'
export { resolveTable, TABLE_OPTIONS, type ResolvedTable, type TableOptions } from './table-options.ts'
export {
  SimulatedExchange,
  symbolNames,
  type SimulatedExchangeOptions,
  type SimulatedTrade,
} from './simulator/simulated-exchange.ts'
export { serveSimulator, type ServeSimulatorOptions, type SimulatorServer } from './simulator/serve.ts'
