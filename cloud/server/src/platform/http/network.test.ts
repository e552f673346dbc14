import { describe, expect, it } from 'vitest'
import { networkOf } from './network.ts'

describe('an address, where attempts are counted', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    // As some proxies write it: a port is new with every connection.
    ['10.1.2.3:51234', '10.1.2.3'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:51234', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['64:ff9b::10.1.2.3', '10.1.2.3'],
    ['::ffff:0:10.1.2.3', '10.1.2.3'],
    ['::1', '::/64'],
    // No socket; a proxy that does not know whom it has before it.
    ['', ''],
    ['unknown', 'unknown'],
    ['x'.repeat(10_000), 'x'.repeat(64)],
  ])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network))
})
