import { unreachable } from '../../kernel/index.ts'
import type { TypeName } from '../ast/index.ts'
import { type Style, label, words } from './style.ts'

export function type(node: TypeName, style: Style): string {
  switch (node.kind) {
    case 'scalar-type': {
      const parameters = node.parameters.length === 0 ? '' : `(${node.parameters.join(', ')})`
      return words(node.name + parameters, node.modifier)
    }
    case 'array-type':
      return `${type(node.element, style)}[]`
    case 'struct-type': {
      const fields = node.fields.map((f) => words(label(f.name, style), type(f.type, style), f.notNull && 'NOT NULL'))
      return `STRUCT<${fields.join(', ')}>`
    }
    case 'map-type':
      return `MAP<${type(node.key, style)}, ${type(node.value, style)}>`
    default:
      return unreachable(node)
  }
}
