import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { masterKeysFile, openMasterKeys } from './settings.ts'

const mistakesOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.join('\n')
  }
  return ''
}
const open = (environment: Record<string, string>, folder = '/nowhere') =>
  openMasterKeys(readConfig(environment).secrets, folder, new ManualClock())

describe('where the master keys are', () => {
  it('in a file beside the other keys, when nothing is said', () => {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-settings-'))
    expect(open({}, folder).source).toBe('file')
    expect(readdirSync(folder)).toEqual([masterKeysFile])
    rmSync(folder, { recursive: true })
  })

  it('in the environment, which must hold them', () => {
    const JIDOKA_CLOUD_KEY_SOURCE = 'environment'
    expect(open({ JIDOKA_CLOUD_KEY_SOURCE, JIDOKA_CLOUD_MASTER_KEYS: 'A'.repeat(43) }).source).toBe('environment')
    expect(mistakesOf({ JIDOKA_CLOUD_KEY_SOURCE })).toContain('JIDOKA_CLOUD_MASTER_KEYS')
  })

  it('in Vault, with an address and one way to be let in', () => {
    const vault = { JIDOKA_CLOUD_KEY_SOURCE: 'vault', VAULT_ADDR: 'https://vault.example:8200' }
    for (const way of [
      { VAULT_TOKEN: 'hvs.x' },
      { JIDOKA_CLOUD_VAULT_TOKEN_FILE: '/run/vault-token' },
      { JIDOKA_CLOUD_VAULT_KUBERNETES_ROLE: 'jidoka' },
    ])
      expect(open({ ...vault, ...way }).source).toBe('vault')
    expect(mistakesOf(vault)).toContain('set one of a token')
    const both = mistakesOf({ ...vault, VAULT_TOKEN: 'hvs.x', JIDOKA_CLOUD_VAULT_KUBERNETES_ROLE: 'jidoka' })
    expect(both).toContain('set one of a token')
    expect(both).not.toContain('hvs.x')
    expect(mistakesOf({ JIDOKA_CLOUD_KEY_SOURCE: 'vault', VAULT_TOKEN: 'hvs.x' })).toContain('VAULT_ADDR')
    expect(mistakesOf({ ...vault, VAULT_ADDR: 'vault:8200', VAULT_TOKEN: 'x' })).toContain('https://')
    expect(() => open({ ...vault, VAULT_ADDR: 'http://vault.example:8200', VAULT_TOKEN: 'x' })).toThrow('https://')
  })

  it('in AWS KMS, with a region and one of the ways that a platform sets', () => {
    const kms = { JIDOKA_CLOUD_KEY_SOURCE: 'kms', AWS_REGION: 'ap-northeast-2' }
    for (const way of [
      { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' },
      { AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/jidoka', AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token' },
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' },
    ])
      expect(open({ ...kms, ...way }).source).toBe('kms')
    expect(mistakesOf(kms)).toContain('there is no way to be let in')
    expect(mistakesOf({ ...kms, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE' })).toContain('there is no way to be let in')
    const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-words' }
    expect(mistakesOf({ JIDOKA_CLOUD_KEY_SOURCE: 'kms', ...keys })).toContain('AWS_REGION')
    expect(mistakesOf({ ...kms, ...keys, JIDOKA_CLOUD_KMS_KEY: 'a key' })).toContain('alias/jidoka')
    expect(mistakesOf({ ...kms, ...keys, AWS_REGION: 'Seoul' })).not.toContain('secret-words')
    expect(() => open({ ...kms, ...keys, AWS_ENDPOINT_URL_KMS: 'http://kms.example' })).toThrow('https://')
  })
})
