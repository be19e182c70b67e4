export { WATERMARK_HEADER, WEIGHT_HEADER } from './payload-columns.ts'
export { type InputPositions, offsetsAt, type TopicSource } from './positions.ts'
export { readRange } from './read-range.ts'
export { type InputGap, type InputRange, TopicInput, type TopicInputOptions } from './topic-input.ts'
