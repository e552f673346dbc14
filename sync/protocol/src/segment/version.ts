/** Which layout bytes claim to have; 0 where they are too few to say. */
export const versionOf = (bytes: Uint8Array): number => (bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8)
