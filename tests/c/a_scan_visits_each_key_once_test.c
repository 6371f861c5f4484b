// A walk gives each key that is there throughout exactly once (P8), waits for larger buffers, and
// may end anywhere.
#include "harness.h"

enum { count = 2000 };

static void fill(twinmap_map* map) {
  for (uint32_t i = 0; i < count; ++i) {
    char value[64];
    memset(value, (int)('a' + i % 26), sizeof value);
    EXPECT(TWINMAP_OK, twinmap_store(map, &i, sizeof i, value, 1 + i % 60));
  }
}

static void while_others_write(void) {
  twinmap_map* map = fresh_map("u32", "string");
  fill(map);
  static unsigned char seen[2 * count];
  twinmap_scan* scan = NULL;
  EXPECT(TWINMAP_OK, twinmap_scan_begin(map, &scan));
  for (;;) {
    uint32_t key = 0;
    char value[64];
    size_t key_n = sizeof key;
    size_t n = sizeof value;
    const twinmap_status status = twinmap_scan_next(scan, &key, &key_n, value, &n);
    if (status == TWINMAP_NOT_FOUND) break;
    EXPECT(TWINMAP_OK, status);
    CHECK(key_n == 4 && key < count && n == 1 + key % 60 && value[0] == (char)('a' + key % 26));
    ++seen[key];
    // A key born during the walk, and one that has been given and goes.
    const uint32_t born = key + count;
    EXPECT(TWINMAP_OK, twinmap_store(map, &born, sizeof born, "new", 3));
    EXPECT(TWINMAP_OK, twinmap_erase(map, &key, sizeof key));
  }
  for (uint32_t i = 0; i < 2 * count; ++i)
    CHECK(seen[i] == (i < count));
  size_t key_n = 0;
  EXPECT(TWINMAP_NOT_FOUND, twinmap_scan_next(scan, NULL, &key_n, NULL, NULL));
  EXPECT(TWINMAP_OK, twinmap_scan_end(scan));
  drop(map);
}

static void with_small_buffers(void) {
  twinmap_map* map = fresh_map("string", "string");
  EXPECT(TWINMAP_OK, twinmap_store(map, "a longer key", 12, "a longer value", 14));
  twinmap_scan* scan = NULL;
  EXPECT(TWINMAP_OK, twinmap_scan_begin(map, &scan));
  char key[16];
  char value[16];
  size_t key_n = 3;
  size_t n = sizeof value;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_scan_next(scan, key, &key_n, value, &n));
  CHECK(key_n == 12 && n == 14);
  key_n = sizeof key;
  n = 5;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_scan_next(scan, key, &key_n, value, &n));
  CHECK(key_n == 12 && n == 14);
  // What is given again is what was there, whatever happened to it since.
  EXPECT(TWINMAP_OK, twinmap_erase(map, "a longer key", 12));
  EXPECT(TWINMAP_OK, twinmap_scan_next(scan, key, &key_n, value, &n));
  CHECK(key_n == 12 && memcmp(key, "a longer key", 12) == 0);
  CHECK(n == 14 && memcmp(value, "a longer value", 14) == 0);
  EXPECT(TWINMAP_NOT_FOUND, twinmap_scan_next(scan, key, &key_n, value, &n));
  EXPECT(TWINMAP_OK, twinmap_scan_end(scan));
  drop(map);
}

static void keys_only_and_ended_early(void) {
  twinmap_map* map = fresh_map("u32", "string");
  fill(map);
  twinmap_scan* scan = NULL;
  EXPECT(TWINMAP_OK, twinmap_scan_begin(map, &scan));
  uint32_t key = 0;
  for (int i = 0; i < 10; ++i) {
    size_t key_n = sizeof key;
    EXPECT(TWINMAP_OK, twinmap_scan_next(scan, &key, &key_n, NULL, NULL));
  }
  EXPECT(TWINMAP_OK, twinmap_scan_end(scan));
  EXPECT(TWINMAP_OK, twinmap_scan_end(NULL));
  drop(map);
}

int main(void) {
  while_others_write();
  with_small_buffers();
  keys_only_and_ended_early();
  return failures != 0;
}
