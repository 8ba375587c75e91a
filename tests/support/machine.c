/* A machine to put a server on, by LD_PRELOAD: its disk has only what was fsynced, and fails when it is
   told to, and its wall clock can be set while it runs. See machine.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* What a disk takes to write: long enough for the power to go meanwhile. */
#define SLOW_US 5000

static const char *data, *disk;
static const volatile int64_t *ahead_s;
/* Which fsync fails, counted from one, of files whose name ends so; 0: none. As on Linux, what failed
   once is said to be written by the next one, and is not: from then on the disk keeps nothing. */
static long failing, syncs;
static const char *fails_of;

/* At its start, and again in a fork that has other variables. */
__attribute__((constructor)) void machine_begin(void) {
  const char *clock = getenv("MACHINE_CLOCK");
  const char *nth = getenv("MACHINE_FAILS");
  int fd;
  failing = nth ? atol(nth) : 0;
  fails_of = getenv("MACHINE_FAILS_OF");
  data = getenv("MACHINE_DATA");
  disk = getenv("MACHINE_DISK");
  if (clock && (fd = open(clock, O_RDONLY)) >= 0) {
    void *page = mmap(NULL, sizeof *ahead_s, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) ahead_s = page;
    close(fd);
  }
}

/* Copies a file of the data folder to the disk. It is read through its own descriptor where that can be
   read: closing another one would give up its locks. */
static int sync_to_disk(int fd) {
  char name[64], path[PATH_MAX], there[PATH_MAX], buffer[1 << 16];
  struct stat is;
  ssize_t got;
  off_t at = 0;
  int in = fd, out;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  if (!data || !disk || fstat(fd, &is) || !S_ISREG(is.st_mode)) return 0;
  if ((got = readlink(name, path, sizeof path - 1)) < 0) return 0;
  path[got] = 0;
  if (strncmp(path, data, strlen(data)) || path[strlen(data)] != '/') return 0;
  usleep(SLOW_US);
  if (failing && fails_of && strlen(path) >= strlen(fails_of)
      && !strcmp(path + strlen(path) - strlen(fails_of), fails_of)) {
    long number = __atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST);
    if (number > failing) return 0;
    if (number == failing) {
      errno = EIO;
      return -1;
    }
  }
  snprintf(there, sizeof there, "%s%s", disk, path + strlen(data));
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY && (in = open(path, O_RDONLY)) < 0) return -1;
  if ((out = open(there, O_WRONLY | O_CREAT, 0600)) < 0) return -1;
  while ((got = pread(in, buffer, sizeof buffer, at)) > 0) {
    if (pwrite(out, buffer, got, at) != got) got = -1;
    if (got < 0) break;
    at += got;
  }
  if (got == 0 && ftruncate(out, at)) got = -1;
  close(out);
  if (in != fd) close(in);
  if (got < 0) errno = EIO;
  return got < 0 ? -1 : 0;
}

int fsync(int fd) { return sync_to_disk(fd); }

int fdatasync(int fd) { return sync_to_disk(fd); }

int clock_gettime(clockid_t which, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, which, now);
  if (!failed && ahead_s && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
    now->tv_sec += *ahead_s;
  return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec is;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &is);
  now->tv_sec = is.tv_sec;
  now->tv_usec = is.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec is;
  clock_gettime(CLOCK_REALTIME, &is);
  if (at) *at = is.tv_sec;
  return is.tv_sec;
}
