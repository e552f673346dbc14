import { config } from 'zod'

// Must run before any schema is made: zod else tries `new Function`, which our content security policy forbids and every browser reports.
config({ jitless: true })
