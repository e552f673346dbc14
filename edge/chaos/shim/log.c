/*
 * A record of the log: type u8, flags u8, path length u16, fd i32, offset u64, data length u32, reserved u32, path, data;
 * little endian. log.ts reads it.
 */
#include "shim.h"
#include <stdlib.h>
#include <string.h>

REAL(int, open, const char *, int, ...)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)

pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int logFd = -1;

__attribute__((constructor)) static void begin(void) {
  const char *logFile = getenv("CHAOS_LOG");
  if (!logFile) return;
  logFd = get_open()(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (logFd < 0) abort();
}

int isLogging(void) { return logFd >= 0; }

/* A log that cannot be written would make losses out of nothing, or hide them. */
void note(int type, int flags, const char *path, int fd, uint64_t offset, const struct iovec *data, int count) {
  if (logFd < 0) return;
  unsigned char head[24] = {0};
  uint16_t pathLength = path ? (uint16_t)strlen(path) : 0;
  uint32_t dataLength = 0;
  for (int i = 0; i < count; i++) dataLength += (uint32_t)data[i].iov_len;
  int32_t fd32 = fd;
  head[0] = (unsigned char)type;
  head[1] = (unsigned char)flags;
  memcpy(head + 2, &pathLength, 2);
  memcpy(head + 4, &fd32, 4);
  memcpy(head + 8, &offset, 8);
  memcpy(head + 16, &dataLength, 4);
  struct iovec first[2] = {{head, sizeof head}, {(void *)path, pathLength}};
  if (get_writev()(logFd, first, path ? 2 : 1) != (ssize_t)(sizeof head + pathLength)) abort();
  for (int i = 0; i < count; i++)
    if (data[i].iov_len && get_write()(logFd, data[i].iov_base, data[i].iov_len) != (ssize_t)data[i].iov_len) abort();
}

void noteText(int type, const char *path, const char *text) {
  struct iovec data = {(void *)text, text ? strlen(text) : 0};
  note(type, 0, path, -1, 0, &data, text ? 1 : 0);
}
