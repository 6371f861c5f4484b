/* counters_c: the counters of counters.cpp from C. Prints what `requests` was and adds one. */
#include <stdint.h>
#include <stdio.h>
#include <twinmap/twinmap.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, twinmap_last_error());
  return 1;
}

int main(void) {
  twinmap_map* map = NULL;
  int64_t before = 0;
  if (twinmap_open("example-counters", TWINMAP_OPEN_ONLY, "string", "i64", NULL, &map) !=
      TWINMAP_OK)
    return fail("twinmap_open");
  if (twinmap_add_i64(map, "requests", 8, 1, &before) != TWINMAP_OK) return fail("twinmap_add_i64");
  printf("requests: %lld\n", (long long)before);
  return twinmap_close(map) == TWINMAP_OK ? 0 : 1;
}
