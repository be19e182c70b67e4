export { DEFAULT_LIMITS, type ParseLimits } from './limits.ts'
export { parseExpression, parseScript, parseStatement, type Script } from './script.ts'
