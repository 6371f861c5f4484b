// Each function of twinmap.h once for what it is for, and once for what it says when there is
// nothing to do.
#include "harness.h"

static void strings(void) {
  twinmap_map* map = fresh_map("string", "string");
  char buf[32] = "";
  size_t n = sizeof buf;
  EXPECT(TWINMAP_NOT_FOUND, twinmap_load(map, "a", 1, buf, &n));
  CHECK(n == sizeof buf);
  EXPECT(TWINMAP_OK, twinmap_store(map, "a", 1, "apple", 5));
  EXPECT(TWINMAP_OK, twinmap_load(map, "a", 1, buf, &n));
  CHECK(n == 5 && memcmp(buf, "apple", 5) == 0);
  EXPECT(TWINMAP_OK, twinmap_store(map, "a", 1, "a value of over 8 bytes", 23));
  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_load(map, "a", 1, buf, &n));
  CHECK(n == 23 && memcmp(buf, "a value of over 8 bytes", 23) == 0);

  EXPECT(TWINMAP_OK, twinmap_contains(map, "a", 1));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "b", 1));
  EXPECT(TWINMAP_OK, twinmap_erase(map, "a", 1));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_erase(map, "a", 1));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "a", 1));

  // No bytes are a key and a value like any other.
  EXPECT(TWINMAP_OK, twinmap_store(map, NULL, 0, NULL, 0));
  n = 0;
  EXPECT(TWINMAP_OK, twinmap_load(map, NULL, 0, NULL, &n));
  CHECK(n == 0);
  EXPECT(TWINMAP_OK, twinmap_contains(map, "", 0));
  drop(map);
}

static void results(void) {
  twinmap_map* map = fresh_map("string", "string");
  char buf[32] = "";
  size_t n = sizeof buf;
  int flag = 7;
  EXPECT(TWINMAP_OK, twinmap_load_or_store(map, "a", 1, "one", 3, buf, &n, &flag));
  CHECK(flag == 0 && n == 3 && memcmp(buf, "one", 3) == 0);
  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_load_or_store(map, "a", 1, "other", 5, buf, &n, &flag));
  CHECK(flag == 1 && n == 3 && memcmp(buf, "one", 3) == 0);
  EXPECT(TWINMAP_OK, twinmap_load_or_store(map, "a", 1, "other", 5, NULL, NULL, NULL));

  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_exchange(map, "a", 1, "two", 3, buf, &n, &flag));
  CHECK(flag == 1 && n == 3 && memcmp(buf, "one", 3) == 0);
  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_exchange(map, "b", 1, "new", 3, buf, &n, &flag));
  CHECK(flag == 0 && n == 0);
  EXPECT(TWINMAP_OK, twinmap_exchange(map, "b", 1, "newer", 5, NULL, NULL, NULL));

  EXPECT(TWINMAP_OK, twinmap_compare_exchange(map, "a", 1, "one", 3, "x", 1, &flag));
  CHECK(flag == 0);
  EXPECT(TWINMAP_OK, twinmap_compare_exchange(map, "a", 1, "two", 3, "three", 5, &flag));
  CHECK(flag == 1);
  EXPECT(TWINMAP_OK, twinmap_compare_exchange(map, "absent", 6, "", 0, "x", 1, &flag));
  CHECK(flag == 0);
  EXPECT(TWINMAP_OK, twinmap_compare_erase(map, "a", 1, "two", 3, &flag));
  CHECK(flag == 0);
  EXPECT(TWINMAP_OK, twinmap_compare_erase(map, "a", 1, "three", 5, &flag));
  CHECK(flag == 1);
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "a", 1));

  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_load_and_erase(map, "b", 1, buf, &n));
  CHECK(n == 5 && memcmp(buf, "newer", 5) == 0);
  n = sizeof buf;
  EXPECT(TWINMAP_NOT_FOUND, twinmap_load_and_erase(map, "b", 1, buf, &n));
  CHECK(n == sizeof buf);
  drop(map);
}

static void numbers(void) {
  twinmap_map* map = fresh_map("u32", "i64");
  const uint32_t key = 3;
  int64_t before = -1;
  EXPECT(TWINMAP_OK, twinmap_add_i64(map, &key, sizeof key, 5, &before));
  CHECK(before == 0);
  EXPECT(TWINMAP_OK, twinmap_add_i64(map, &key, sizeof key, -7, &before));
  CHECK(before == 5);
  EXPECT(TWINMAP_OK, twinmap_add_i64(map, &key, sizeof key, INT64_MIN, NULL));
  int64_t value = 0;
  size_t n = sizeof value;
  EXPECT(TWINMAP_OK, twinmap_load(map, &key, sizeof key, &value, &n));
  CHECK(n == sizeof value && value == INT64_MAX - 1);  // -2 + INT64_MIN wraps around
  drop(map);

  map = fresh_map("string", "u64");
  EXPECT(TWINMAP_OK, twinmap_add_i64(map, "n", 1, -1, NULL));
  uint64_t large = 0;
  EXPECT(TWINMAP_OK, twinmap_load(map, "n", 1, &large, &n));
  CHECK(large == UINT64_MAX);
  drop(map);
}

static void many(void) {
  enum { count = 100 };
  twinmap_map* map = fresh_map("u64", "u64");
  uint64_t keys[count];
  uint64_t values[count];
  twinmap_lookup lookups[count];
  for (uint64_t i = 0; i < count; ++i) {
    keys[i] = i;
    const uint64_t square = i * i;
    if (i % 3 != 0) EXPECT(TWINMAP_OK, twinmap_store(map, &i, sizeof i, &square, sizeof square));
    lookups[i] = (twinmap_lookup){&keys[i], sizeof keys[i], &values[i], sizeof values[i],
                                  TWINMAP_SYSTEM_ERROR};
  }
  lookups[50].n = 4;
  lookups[52].key_size = 7;
  size_t found = 0;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load_many(map, lookups, count, &found));
  for (uint64_t i = 0; i < count; ++i) {
    if (i % 3 == 0)
      CHECK(lookups[i].status == TWINMAP_NOT_FOUND);
    else if (i == 50)
      CHECK(lookups[i].status == TWINMAP_BUFFER_TOO_SMALL && lookups[i].n == 8);
    else if (i == 52)
      CHECK(lookups[i].status == TWINMAP_TYPE_MISMATCH);
    else
      CHECK(lookups[i].status == TWINMAP_OK && lookups[i].n == 8 && values[i] == i * i);
  }
  CHECK(found == 65);  // 66 are not multiples of 3, and one was asked for wrongly
  EXPECT(TWINMAP_OK, twinmap_load_many(map, lookups, 50, NULL));
  EXPECT(TWINMAP_OK, twinmap_load_many(map, NULL, 0, &found));
  CHECK(found == 0);
  drop(map);
}

static void whole_maps(void) {
  twinmap_map* map = fresh_map(NULL, NULL);
  for (char c = 'a'; c <= 'z'; ++c)
    EXPECT(TWINMAP_OK, twinmap_store(map, &c, 1, &c, 1));
  uint64_t size = 0;
  EXPECT(TWINMAP_OK, twinmap_size(map, &size));
  CHECK(size == 26);
  int promoted = -1;
  EXPECT(TWINMAP_OK, twinmap_promote(map, &promoted));
  CHECK(promoted == 1);
  EXPECT(TWINMAP_OK, twinmap_promote(map, &promoted));
  CHECK(promoted == 0);
  EXPECT(TWINMAP_OK, twinmap_promote(map, NULL));

  twinmap_map_stats stats = {.struct_size = sizeof stats};
  EXPECT(TWINMAP_OK, twinmap_stats(map, 1, &stats));
  CHECK(stats.struct_size == sizeof stats);
  CHECK(stats.entries == 26 && stats.entries_live == 26 && stats.inserts == 26);
  CHECK(stats.promotions == 1 && stats.amended == 0 && stats.read_words == 26);
  CHECK(stats.bytes_max == 16u << 20 && stats.writers == 1 && stats.max_entries > 26);
  EXPECT(TWINMAP_OK, twinmap_stats(map, 0, &stats));
  CHECK(stats.entries_live == 0 && stats.entries == 26);

  EXPECT(TWINMAP_OK, twinmap_clear(map));
  EXPECT(TWINMAP_OK, twinmap_size(map, &size));
  CHECK(size == 0);
  drop(map);
}

static int look_for(const twinmap_map_info* info, void* context) {
  const char** wanted = context;
  if (*wanted != NULL && strcmp(info->name, *wanted) == 0) {
    CHECK(strcmp(info->key_type, "string") == 0 && strcmp(info->error, "") == 0);
    *wanted = NULL;
  }
  return *wanted != NULL;
}

static void names(void) {
  twinmap_map* map = fresh_map("string", "f64");
  const char* name = twinmap_name(map);
  EXPECT(TWINMAP_OK, twinmap_exists(name, NULL));
  int flag = 7;
  EXPECT(TWINMAP_OK, twinmap_created(map, &flag));
  CHECK(flag == 1);
  EXPECT(TWINMAP_OK, twinmap_read_only(map, &flag));
  CHECK(flag == 0);
  EXPECT(TWINMAP_OK, twinmap_retired(map, &flag));
  CHECK(flag == 0);
  const char* wanted = name;
  EXPECT(TWINMAP_OK, twinmap_list(NULL, look_for, &wanted));
  CHECK(wanted == NULL);

  twinmap_map_info info = {.struct_size = sizeof info};
  EXPECT(TWINMAP_OK, twinmap_info(map, &info));
  CHECK(strcmp(info.name, name) == 0 && strcmp(info.value_type, "f64") == 0);
  CHECK(strlen(info.uuid) == 32 && info.bytes_max == 16u << 20 && info.mode == 0600);
  CHECK(info.entries == 0 && info.owner == geteuid() && info.retired == 0 && info.created_at > 0);

  twinmap_map* view = NULL;
  EXPECT(TWINMAP_OK, twinmap_open(name, TWINMAP_OPEN_READ_ONLY, "string", NULL, NULL, &view));
  EXPECT(TWINMAP_OK, twinmap_created(view, &flag));
  CHECK(flag == 0);
  EXPECT(TWINMAP_OK, twinmap_read_only(view, &flag));
  CHECK(flag == 1);
  EXPECT(TWINMAP_READ_ONLY, twinmap_store(view, "a", 1, "12345678", 8));

  EXPECT(TWINMAP_OK, twinmap_remove(name, NULL));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_remove(name, NULL));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_exists(name, NULL));
  EXPECT(TWINMAP_OK, twinmap_retired(view, &flag));
  CHECK(flag == 1);
  EXPECT(TWINMAP_RETIRED, twinmap_erase(map, "a", 1));
  EXPECT(TWINMAP_OK, twinmap_close(view));
  EXPECT(TWINMAP_OK, twinmap_close(map));
  CHECK(strchr(twinmap_version(), '.') != NULL);
}

int main(void) {
  strings();
  results();
  numbers();
  many();
  whole_maps();
  names();
  return failures != 0;
}
