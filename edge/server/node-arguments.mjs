/**
 * How Node is started for the appliance, by every launcher. JavaScript, since the bootstrap runs on any Node >= 18. A small
 * appliance has little memory, and Node's own choices are made for servers.
 */

/**
 * 8 MB of young objects: V8's own choice lets 48 MB of garbage pile up before it looks; at 2 MB messages on their way grow
 * old and pile up elsewhere (measured: 235, 199 and 278 MB resident after a million readings with V8's choice, 8 and 2 MB).
 */
export const edgeNodeArguments = ['--max-semi-space-size=8']

/**
 * The compile cache keeps what a source was compiled to, so that from the second start on no thread loads the stripper of
 * types, which takes some 10 MB in each. Two arenas: glibc's own choice is eight a core, each with holes of its own.
 *
 * @param {string} cacheFolder any folder that this user may write; it is made when it is needed
 * @returns {{ NODE_COMPILE_CACHE: string, MALLOC_ARENA_MAX: string }}
 */
export const edgeNodeEnvironment = (cacheFolder) => ({ NODE_COMPILE_CACHE: cacheFolder, MALLOC_ARENA_MAX: '2' })
