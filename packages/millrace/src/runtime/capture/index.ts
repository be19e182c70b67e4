export { Capture, type CaptureEnd, type CaptureOptions, captureRetention, type CaptureStatistics } from './capture.ts'
export { GAPS_TOPIC } from './gap-record.ts'
export { type CapturedTable, type CapturePlan, planCaptures, type PlacedError } from './plan-captures.ts'
