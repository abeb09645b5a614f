import { DeviceError, type Lane } from '../../mover/store/device.ts'

export type RequestKind = 'read' | 'write' | 'durable' | 'flush'

/** One request, as hooks, rules and messages see it. */
export interface RequestInfo {
  readonly kind: RequestKind
  readonly offset: number
  readonly length: number
  readonly lane: Lane | null
  /** What the classifier called it; '' without one, and for reads and flushes. */
  readonly label: string
  /** From 1: its number among the writes (durable ones included), the flushes or the reads. */
  readonly number: number
}

/** Requests that shall fail. */
export interface FaultRule {
  readonly on: RequestKind | 'anyWrite' | 'any'
  readonly code: DeviceError['code']
  /** Only requests that touch bytes of [fromOffset, toOffset); flushes have no range and always match. */
  readonly fromOffset?: number
  readonly toOffset?: number
  /** Lets so many matching requests pass first (0). */
  readonly skip?: number
  /** How many requests fail after that (1); Infinity for all. */
  readonly times?: number
}

export function describeRequest(info: RequestInfo): string {
  if (info.kind === 'flush') return `flush ${info.number}`
  const label = info.label === '' ? '' : ` '${info.label}'`
  return `${info.kind} ${info.number}${label} of ${info.length} bytes at ${info.offset}`
}

/** The faults that a device injects, tried in the order they were added. */
export class FaultRules {
  private readonly active: { readonly rule: FaultRule; skipped: number; failed: number }[] = []

  add(rule: FaultRule): void {
    this.active.push({ rule, skipped: 0, failed: 0 })
  }

  clear(): void {
    this.active.length = 0
  }

  /** The error that a request ends with, or null. Called once for each request, at its end. */
  errorOf(deviceName: string, info: RequestInfo): DeviceError | null {
    for (const entry of this.active) {
      if (!matches(entry.rule, info)) continue
      if (entry.skipped < (entry.rule.skip ?? 0)) {
        entry.skipped++
        continue
      }
      if (entry.failed >= (entry.rule.times ?? 1)) continue
      entry.failed++
      return new DeviceError(entry.rule.code, `${deviceName}: ${describeRequest(info)}: injected ${entry.rule.code}`)
    }
    return null
  }
}

function matches(rule: FaultRule, info: RequestInfo): boolean {
  const isWrite = info.kind === 'write' || info.kind === 'durable'
  if (rule.on !== 'any' && rule.on !== info.kind && !(rule.on === 'anyWrite' && isWrite)) return false
  if (info.kind === 'flush') return true
  return info.offset + info.length > (rule.fromOffset ?? 0) && info.offset < (rule.toOffset ?? Number.POSITIVE_INFINITY)
}
