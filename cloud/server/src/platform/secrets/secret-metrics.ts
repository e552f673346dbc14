import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

/** How far a rotation of the master key has come. */
export class SecretMetrics {
  readonly onOldKeys: Gauge
  readonly unopened: Gauge
  readonly rewrapped: Counter
  readonly forgotten: Counter

  constructor(registry: Registry) {
    const registers = [registry]
    this.onOldKeys = new Gauge({
      name: 'jidoka_secrets_on_old_keys',
      help: 'Sealed rows of all tenants that a master key other than the active one seals, after the last round of rewrapping',
      registers,
    })
    this.unopened = new Gauge({
      name: 'jidoka_secrets_unopened',
      help: 'Sealed rows that the last round of rewrapping could not unwrap: their master key is gone, or they were changed',
      registers,
    })
    this.rewrapped = new Counter({
      name: 'jidoka_secrets_rewrapped_total',
      help: 'Sealed rows whose data key was wrapped anew by the active master key',
      registers,
    })
    this.forgotten = new Counter({
      name: 'jidoka_pii_originals_expired_total',
      help: 'Originals of masked texts that were forgotten because their time was over',
      registers,
    })
  }
}
