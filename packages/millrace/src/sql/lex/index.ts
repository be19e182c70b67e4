export { isPlainName } from './characters.ts'
export { Lexer } from './lexer.ts'
export type { Token, TokenType } from './token.ts'
