import { readHeaders } from '@jidoka/base'
import { exportPrivateKey } from '@jidoka/sync-protocol'
import type { EdgeConfig } from '../../config.ts'
import type { JournalReader } from '../../ports.ts'
import type { EdgeIdentity } from '../../uplink/identity.ts'

export interface SecretSources {
  readonly config: Pick<EdgeConfig, 'admin_password' | 'cloud' | 'mes' | 'tracing'>
  readonly identity: Pick<EdgeIdentity, 'privateKey' | 'courierPrivateKey'>
  readonly reader: Pick<JournalReader, 'users'>
  readonly cliToken: string
}

/** Every secret that this program holds in memory or in its folder, so that none leaves inside of something else. */
export function knownSecrets({ config, identity, reader, cliToken }: SecretSources): readonly string[] {
  return [
    config.admin_password,
    config.cloud.enrolment_token,
    ...config.mes.flatMap(({ url }) => passwordsOf(url)),
    config.tracing.headers,
    ...Object.values(readHeaders(config.tracing.headers ?? '') ?? {}),
    exportPrivateKey(identity.privateKey),
    exportPrivateKey(identity.courierPrivateKey),
    ...reader.users().map(({ passwordHash }) => passwordHash),
    cliToken,
  ].filter((secret) => secret !== undefined)
}

function passwordsOf(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { password } = new URL(url)
  return [password, decodeURIComponent(password)]
}
