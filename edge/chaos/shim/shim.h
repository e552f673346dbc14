/*
 * Stands between a program and the C library, for what it does to one folder. Built and preloaded at run time; every part
 * is off until its environment variable is there.
 *
 *   CHAOS_FOLDER   the folder that is watched, absolute
 *   CHAOS_LOG      every change below the folder, every sync, and every byte that leaves through an accepted socket goes
 *                  into this file, in the order in which it happened (log.c)
 *   CHAOS_CONTROL  a file of 64 bytes that the harness writes: a clock that is wrong, a disk that is full, one that fails
 *                  (faults.c)
 *
 * What stands in for the C library's own is in files.c, sockets.c and the end of faults.c.
 */
#ifndef SHIM_H
#define SHIM_H
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* The large-file names are functions of their own here, not macros. */
#undef open64
#undef openat64
#undef pwrite64
#undef ftruncate64
#undef mmap64

/* get_NAME() is the function of that name that would have been called without the shim. */
#define REAL(result, name, ...)                                                                                        \
  static result (*real_##name)(__VA_ARGS__);                                                                           \
  static result (*get_##name(void))(__VA_ARGS__) {                                                                     \
    if (!real_##name) real_##name = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);                                   \
    return real_##name;                                                                                                \
  }

/* Seen from inside the shim only: a preloaded library's names come before those of every other one. */
#pragma GCC visibility push(hidden)

/* log.c */
enum {
  OPENED = 1, CLOSED, WRITTEN, RESIZED, RESIZED_PATH, SYNC_BEGUN, SYNC_ENDED, RENAMED, UNLINKED, FOLDER_MADE,
  FOLDER_REMOVED, LINKED, ACCEPTED, SENT, UNSUPPORTED
};
enum { CREATED = 1, EMPTIED = 2, SYNCED_EACH = 4 };
/* Held over each change and its entry, so that the log has them in the order in which they happened. */
extern pthread_mutex_t order;
int isLogging(void);
/* Both under the lock. */
void note(int type, int flags, const char *path, int fd, uint64_t offset, const struct iovec *data, int count);
void noteText(int type, const char *path, const char *text);

/* watched.c */
enum { OTHER = 0, WATCHED = 1, SOCKET = 2 };
int isWatched(const char *path);
int kind(int fd);
void becomes(int fd, int what);

/* faults.c */
/* Whether this sync or write is one of those that fail. */
int failsSync(void);
int failsWrite(void);
/* Whether there is room for the bytes that a write makes a file longer by; takes them off. */
int hasRoom(int fd, off_t offset, size_t length);
void giveBack(int64_t bytes);

/* sockets.c: a write to an accepted socket, by its other names. */
ssize_t sentParts(int fd, const struct iovec *data, int count);

#pragma GCC visibility pop
#endif
