import { batchLimits } from '../limits.ts'

/** Bounds of courier files, for who writes and who reads them. Each says what would happen without it. */
export const courierLimits = {
  /** The header is read before anything is known about the file. Its members take about 900 bytes, eight lists of sixteen keys 20 KB. */
  headerBytesMax: 32 * 1024,
  /** The trailer names the stretches of two lanes: about 500 bytes. */
  trailerBytesMax: 4_096,
  /** What one chunk may hold in memory: the largest batch, or a desired item of the largest size with its name around it. */
  chunkBytesMax: batchLimits.bytesMax + 1024 * 1024,
  /** About as many stored bytes go into one batch of a file: 256 KB of journal make 100 KB of file, and a gap costs no more than that. */
  batchBytesAimed: 1024 * 1024,
  /** A file of 4 GiB holds 16,384 chunks of the size aimed at, and one chunk a second of a quiet plant's weeks still fits. */
  chunksMax: 4_000_000,
  /** What fits on a stick with FAT32 (4 GiB less one byte), which is what people carry. Without it a file fills the disk of who takes it in. */
  fileBytesMax: 4 * 1024 * 1024 * 1024 - 1,
  /** Files of one export unless told otherwise: a file that does not get through costs one of many, not all. */
  fileBytesAimed: 1024 * 1024 * 1024,
  /** Less, and every batch is a file of its own. */
  fileBytesAimedMin: 1024 * 1024,
  /** Of a file downwards: 10,000 tags, every rule and user of a site are 12 MB. The edge reads all of it before it applies any. */
  downFileBytesMax: 64 * 1024 * 1024,
} as const
