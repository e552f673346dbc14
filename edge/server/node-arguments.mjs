/**
 * What Node is started with for the appliance, by every launcher. JavaScript, since the bootstrap runs on any Node >= 18.
 *
 * 8 MB of young objects: V8's own choice lets 48 MB of garbage pile up before it looks, a quarter of the memory that a small
 * appliance has for us; at 2 MB messages on their way grow old and pile up elsewhere (measured: 235, 199 and 278 MB resident
 * after a million readings with V8's choice, 8 and 2 MB).
 */
export const edgeNodeArguments = ['--max-semi-space-size=8']
