// The C side of the audit; see tokens.cpp.
//
//   peer_tokens_c tokens NAME ID COUNT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <twinmap/twinmap.h>

static void rest(long nanoseconds) {
  const struct timespec time = {0, nanoseconds};
  nanosleep(&time, NULL);
}

int main(int argc, char** argv) {
  if (argc != 5 || strcmp(argv[1], "tokens") != 0) return 2;
  const uint64_t id = strtoull(argv[3], NULL, 10);
  const uint64_t count = strtoull(argv[4], NULL, 10);
  twinmap_map* map = NULL;
  uint64_t* back = calloc(2 * count, sizeof *back);
  size_t came = 0;
  if (back == NULL ||
      twinmap_open(argv[2], TWINMAP_OPEN_ONLY, "string", "u64", NULL, &map) != TWINMAP_OK) {
    fprintf(stderr, "%s\n", twinmap_last_error());
    return 1;
  }
  if (twinmap_add_i64(map, "ready", 5, 1, NULL) != TWINMAP_OK) return 1;
  while (twinmap_contains(map, "go", 2) == TWINMAP_NOT_FOUND)
    rest(1000000);
  for (uint64_t number = 0; number < count; ++number) {
    char key[] = "hand0";
    key[4] = (char)('0' + number * 7 % 5);
    const uint64_t token = (id << 32) + number;
    uint64_t previous = 0;
    size_t n = sizeof previous;
    int replaced = 0;
    if (twinmap_exchange(map, key, 5, &token, sizeof token, &previous, &n, &replaced) != TWINMAP_OK)
      return 1;
    if (replaced) back[came++] = previous;
    n = sizeof previous;
    if (number % 11 == 0 && twinmap_load_and_erase(map, key, 5, &previous, &n) == TWINMAP_OK)
      back[came++] = previous;
    if (number % 32 == 0) rest(100000);
  }
  twinmap_close(map);
  return fwrite(back, sizeof *back, came, stdout) == came ? 0 : 1;
}
