export { Capture, type CaptureEnd, type CaptureOptions, captureRetention, type CaptureStatistics } from './capture.ts'
export { captureKey } from './capture-state.ts'
export { GAPS_TOPIC } from './gap-record.ts'
