/**
 * How Node is started for the appliance, by every launcher. JavaScript, since the bootstrap runs on any Node >= 18. A small
 * appliance has little memory, and Node's own choices are made for servers.
 */

/**
 * 4 MB of young objects: V8's own choice lets 48 MB of garbage pile up in each thread before it looks; at 2 MB messages on their way grow
 * old and pile up elsewhere. 512 MB of old ones at most: far more than there ever are, and V8 takes it as a measure of how much garbage it
 * may let lie: with its own choice, a share of the machine's memory, four times what is in use, with this one half as much again.
 * Measured after two million readings under 1,000 rules on a busy machine: 257 MB resident with 8 MB and no bound, 218 with both.
 */
export const edgeNodeArguments = ['--max-semi-space-size=4', '--max-old-space-size=512']

/**
 * The compile cache keeps what a source was compiled to, so that from the second start on no thread loads the stripper of
 * types, which takes some 10 MB in each. Two arenas: glibc's own choice is eight a core, each with holes of its own. What is
 * larger than 256 kB goes back to the system when it is free: by itself glibc learns from the buffers of a merge to keep 32 MB.
 *
 * @param {string} cacheFolder any folder that this user may write; it is made when it is needed
 * @returns {{ NODE_COMPILE_CACHE: string, MALLOC_ARENA_MAX: string, MALLOC_MMAP_THRESHOLD_: string, MALLOC_TRIM_THRESHOLD_: string }}
 */
export const edgeNodeEnvironment = (cacheFolder) => ({
  NODE_COMPILE_CACHE: cacheFolder,
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '131072',
})
