import { describe, expect, it } from 'vitest'
import { describeRedis, readRedisAddress } from './address.ts'

describe('the address of Redis', () => {
  it.each([
    [
      'redis://localhost',
      { server: { host: 'localhost', port: 6379 }, db: 0, tls: false, username: undefined, password: undefined },
    ],
    [
      'rediss://me:p%40ss@redis.example:6380/3',
      { server: { host: 'redis.example', port: 6380 }, db: 3, tls: true, username: 'me', password: 'p@ss' },
    ],
    ['redis://:word@[::1]:7000', { server: { host: '::1', port: 7000 }, username: undefined, password: 'word' }],
    [
      'redis+sentinel://:word@a,b:26380/plant/2',
      {
        server: null,
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
        ],
        master: 'plant',
        db: 2,
        password: 'word',
      },
    ],
    ['rediss+sentinel://a/plant', { server: null, sentinels: [{ host: 'a', port: 26379 }], tls: true }],
  ])('is read: %s', (url, expected) => {
    expect(readRedisAddress(url)).toMatchObject(expected)
  })

  it('is that of the sentinels where there are some, and the URL says how to speak to the server', () => {
    expect(readRedisAddress('redis://:word@any/1', 'a:1, b', 'plant')).toMatchObject({
      server: null,
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26379 },
      ],
      master: 'plant',
      password: 'word',
      db: 1,
    })
  })

  it.each([
    ['http://a', 'it is not an address'],
    ['redis://', 'is not a host with a port'],
    ['redis://a:99999', 'is not a host with a port'],
    ['redis://a/x', 'its database is not a number'],
    ['redis://a/1/2', 'more after the host'],
    ['redis+sentinel:///x', 'names no sentinel'],
    ['redis://me:%zz@a', 'written as %25'],
  ])('is refused with what is wrong: %s', (url, sentence) => {
    expect(() => readRedisAddress(url)).toThrow(sentence)
  })

  it('I8: is described, and refused, without its password', () => {
    expect(describeRedis(readRedisAddress('redis://me:secret-word@host:1'))).toBe('host:1')
    expect(describeRedis(readRedisAddress('redis+sentinel://:secret-word@a,b/m'))).toBe(
      '"m" of the sentinels a:26379, b:26379',
    )
    let said = ''
    try {
      readRedisAddress('redis://me:secret-word@host:port')
    } catch (error) {
      said = String(error)
    }
    expect(said).toContain('"host:port" is not a host')
    expect(said).not.toContain('secret-word')
  })
})
