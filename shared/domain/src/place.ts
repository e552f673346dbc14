import { z } from 'zod'

/**
 * The code of a place (ISA-95: site, area, line, equipment) or of a kind of sensor, as it stands in a topic.
 * No `/`, `+`, `#`: they mean something to MQTT. 48 characters: the longest that still fits a column of the board.
 */
export const codeSchema = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,47}$/u,
    'a code has 1 to 48 letters, digits, ".", "_" or "-" and starts with a letter or digit',
  )

export const tenantIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a tenant id has 1 to 63 small letters, digits or "-"')
