/*
 * The power cut: FS_IOC_SHUTDOWN without flushing the journal (EXT4_GOING_FLAGS_NOLOGFLUSH). Nothing that was not
 * synced reaches the device, and every further call on the file system fails. Prints the moment just before, in
 * nanoseconds of CLOCK_MONOTONIC.   usage: shutdown MOUNTPOINT
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#define FS_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define WITHOUT_LOG_FLUSH 2u

int main(int count, char **words) {
  struct timespec now;
  uint32_t how = WITHOUT_LOG_FLUSH;
  int folder = count == 2 ? open(words[1], O_RDONLY | O_DIRECTORY) : -1;
  if (folder < 0) return 2;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (ioctl(folder, FS_IOC_SHUTDOWN, &how) != 0) {
    perror("FS_IOC_SHUTDOWN");
    return 1;
  }
  printf("%lld\n", (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
  return 0;
}
