import type { Readable } from 'node:stream'
import type { ObjectKind } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'

/** What is kept of an object beside its bytes. */
export interface StoredObject {
  readonly id: string
  readonly key: string
  readonly kind: ObjectKind
  readonly contentType: string
  /** Of the plain bytes. */
  readonly bytes: number
  /** Of the plain bytes, in hex. */
  readonly sha256: string
  readonly createdAt: string
  readonly createdBy: string
  /** Null: kept until somebody removes it. */
  readonly expiresAt: string | null
}

export interface NewObject {
  /** See `objectKeySchema`: a path of the tenant's own, such as `archives/2024-10/judgments.parquet`. */
  readonly key: string
  /** What it is for: kinds.ts says its types, its size and how long it is kept. */
  readonly kind: ObjectKind
  readonly contentType: string
  readonly by: string
  /** In pieces of any size; nothing of it is kept in memory. */
  readonly body: AsyncIterable<Uint8Array>
  /** Stops the writing; nothing is there then. */
  readonly signal?: AbortSignal
  /** What was declared: other bytes, or as many others, are refused. */
  readonly declared?: { readonly bytes: number; readonly sha256: string }
  /** Done in the transaction that makes it an object; what it throws keeps it from being one. */
  readonly also?: (tx: Transaction, stored: StoredObject) => Promise<void>
}

export interface OpenObject {
  readonly object: StoredObject
  /** The plain bytes. Fails with ObjectError `damaged` rather than give the last of them when they are not those that were stored, `unavailable` where it was replaced or removed before it was read. */
  stream(): Readable
  /** A part of them, each of its chunks authenticated; what lies behind the end is left out. */
  slice(from: number, to: number): Promise<Uint8Array>
}

/** Files of tenants, for every module: in a bucket or a folder, sealed before they get there. */
export interface ObjectsPort {
  /**
   * Whole or not at all, also where another of this key is replaced.
   * @throws ObjectError `refused` for a key, a type or a size that it may not have, `full`, `unavailable`; ZodError for what is no key
   */
  put(tenantId: string, object: NewObject): Promise<StoredObject>
  /** Null for none, and for one whose time is over. @throws ObjectError */
  open(tenantId: string, key: string): Promise<OpenObject | null>
  openById(tenantId: string, id: string): Promise<OpenObject | null>
  find(tenantId: string, key: string): Promise<StoredObject | null>
  findWith(tx: Transaction, key: string): Promise<StoredObject | null>
  /** False when there is none. */
  remove(tenantId: string, key: string): Promise<boolean>
  /** Nobody sees it any more once `tx` is committed; its bytes are erased right behind, or when objects are tidied. False when there is none. */
  removeWith(tx: Transaction, key: string): Promise<boolean>
  /** Sorted by key, those that begin with `prefix` and come behind `after`. */
  list(
    tenantId: string,
    query: { readonly prefix: string; readonly after: string | null; readonly limit: number },
  ): Promise<StoredObject[]>
  /** A path of this program that gives the object of this id to whoever has it, without signing in, until it expires. */
  presign(
    tenantId: string,
    id: string,
    options: { readonly seconds: number; readonly fileName?: string },
  ): { readonly path: string; readonly expiresAt: string }
}
