/* Which paths and descriptors are looked at. SQLite's -shm is memory that happens to have a name, and is passed over. */
#include "shim.h"
#include <stdlib.h>
#include <string.h>

#define FD_MAX 65536
static _Atomic unsigned char kindOf[FD_MAX];

static char folder[4096];
static size_t folderLength;

__attribute__((constructor)) static void begin(void) {
  const char *watched = getenv("CHAOS_FOLDER");
  if (!watched) return;
  strncpy(folder, watched, sizeof folder - 1);
  folderLength = strlen(folder);
}

int isWatched(const char *path) {
  if (!folderLength || !path || strncmp(path, folder, folderLength) != 0) return 0;
  if (path[folderLength] != 0 && path[folderLength] != '/') return 0;
  size_t length = strlen(path);
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* libuv closes files by a system call of its own, and their numbers come again: as a pipe, which is no file. */
int kind(int fd) {
  if (fd < 0 || fd >= FD_MAX || kindOf[fd] == OTHER) return OTHER;
  struct stat now;
  if (fstat(fd, &now) != 0) return OTHER;
  int fits = kindOf[fd] == SOCKET ? S_ISSOCK(now.st_mode) : S_ISREG(now.st_mode) || S_ISDIR(now.st_mode);
  if (!fits) kindOf[fd] = OTHER;
  return fits ? kindOf[fd] : OTHER;
}

void becomes(int fd, int what) {
  if (fd >= 0 && fd < FD_MAX) kindOf[fd] = (unsigned char)what;
}
