// Statuses and texts: which map, which limit, which number; per thread; and NULL is refused.
#include <errno.h>
#include <pthread.h>

#include "harness.h"

static void wrong_sizes(void) {
  twinmap_map* map = fresh_map("u64", "f64");
  const uint64_t key = 1;
  const double value = 1.5;
  char buf[8];
  size_t n = sizeof buf;
  int flag = 7;
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_store(map, &key, 4, &value, 8));
  EXPECT_TEXT("a key of 4 bytes, keys of this map have 8");
  EXPECT_TEXT(twinmap_name(map));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_store(map, &key, 8, &value, 4));
  EXPECT_TEXT("a value of 4 bytes, values of this map have 8");
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_load(map, &key, 7, buf, &n));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_contains(map, &key, 9));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_erase(map, &key, 0));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_exchange(map, &key, 8, &value, 7, NULL, NULL, NULL));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_load_or_store(map, &key, 8, "", 0, NULL, NULL, NULL));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_compare_exchange(map, &key, 8, "", 0, &value, 8, &flag));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_compare_exchange(map, &key, 8, &value, 8, "", 0, &flag));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_compare_erase(map, &key, 8, "x", 1, &flag));
  EXPECT(TWINMAP_TYPE_MISMATCH, twinmap_add_i64(map, &key, 8, 1, NULL));
  EXPECT_TEXT("f64");
  uint64_t size = 1;
  EXPECT(TWINMAP_OK, twinmap_size(map, &size));
  CHECK(size == 0 && flag == 7);

  twinmap_map* other = NULL;
  EXPECT(TWINMAP_TYPE_MISMATCH,
         twinmap_open(twinmap_name(map), TWINMAP_OPEN_ONLY, "u64", "string", NULL, &other));
  CHECK(other == NULL);
  EXPECT_TEXT("f64");
  EXPECT_TEXT("string");
  drop(map);
}

static void wrong_names_and_types(void) {
  twinmap_map* map = NULL;
  EXPECT(TWINMAP_NOT_FOUND, twinmap_open(fresh_name(), TWINMAP_OPEN_ONLY, NULL, NULL, NULL, &map));
  EXPECT_TEXT("there is no");
  EXPECT(TWINMAP_INVALID_NAME, twinmap_open("a/b", TWINMAP_OPEN_ONLY, NULL, NULL, NULL, &map));
  EXPECT(TWINMAP_INVALID_NAME, twinmap_remove("", NULL));
  EXPECT(TWINMAP_INVALID_NAME, twinmap_exists("..", NULL));
  EXPECT(TWINMAP_INVALID_ARGUMENT, twinmap_open("x", (twinmap_mode)9, NULL, NULL, NULL, &map));
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, "f64", NULL, NULL, &map));
  EXPECT_TEXT("floating-point key");
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, "u64", "struct:x", NULL, &map));
  map = fresh_map("u64", "u64");
  twinmap_map* again = NULL;
  EXPECT(TWINMAP_ALREADY_EXISTS,
         twinmap_open(twinmap_name(map), TWINMAP_CREATE_ONLY, NULL, NULL, NULL, &again));
  drop(map);
}

static void full_maps(void) {
  twinmap_options options;
  twinmap_options_init(&options);
  options.max_bytes = 4u << 20;
  options.max_entries = 100;
  twinmap_map* map = NULL;
  const char* name = fresh_name();
  EXPECT(TWINMAP_OK, twinmap_open(name, TWINMAP_CREATE_ONLY, "u64", "string", &options, &map));
  twinmap_status status = TWINMAP_OK;
  for (uint64_t key = 0; key < 200 && status == TWINMAP_OK; ++key)
    status = twinmap_store(map, &key, sizeof key, "v", 1);
  EXPECT(TWINMAP_TOO_MANY_ENTRIES, status);
  EXPECT_TEXT("max_entries is 100");
  const uint64_t key = 0;
  char* large = calloc(1, 8u << 20);
  EXPECT(TWINMAP_VALUE_TOO_LONG, twinmap_store(map, &key, sizeof key, large, 8u << 20));
  EXPECT_TEXT("8388608 bytes");
  free(large);
  drop(map);

  map = fresh_map("string", "string");
  char long_key[70000];
  memset(long_key, 'k', sizeof long_key);
  EXPECT(TWINMAP_KEY_TOO_LONG, twinmap_store(map, long_key, sizeof long_key, "v", 1));
  EXPECT_TEXT("70000 bytes");
  drop(map);
}

static void null_arguments(void) {
  char buf[8];
  size_t n = sizeof buf;
  int flag = 0;
  uint64_t size = 0;
  twinmap_scan* scan = NULL;
  twinmap_map_stats stats = {.struct_size = sizeof stats};
  twinmap_map_info info = {.struct_size = sizeof info};
  twinmap_options options;
  twinmap_options_init(&options);
  twinmap_options_init(NULL);
  EXPECT(TWINMAP_OK, twinmap_close(NULL));
  CHECK(twinmap_name(NULL) == NULL);
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_load(NULL, "k", 1, buf, &n));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_contains(NULL, "k", 1));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_load_many(NULL, NULL, 0, NULL));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_size(NULL, &size));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_scan_begin(NULL, &scan));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_store(NULL, "k", 1, "v", 1));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_load_or_store(NULL, "k", 1, "v", 1, buf, &n, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_exchange(NULL, "k", 1, "v", 1, buf, &n, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_erase(NULL, "k", 1));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_load_and_erase(NULL, "k", 1, buf, &n));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_compare_exchange(NULL, "k", 1, "v", 1, "w", 1, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_compare_erase(NULL, "k", 1, "v", 1, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_add_i64(NULL, "k", 1, 1, NULL));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_clear(NULL));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_promote(NULL, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_stats(NULL, 0, &stats));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_info(NULL, &info));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_options_of(NULL, &options));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_created(NULL, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_read_only(NULL, &flag));
  EXPECT(TWINMAP_NOT_ATTACHED, twinmap_retired(NULL, &flag));

  twinmap_map* map = fresh_map("string", "string");
  const twinmap_status refused = TWINMAP_INVALID_ARGUMENT;
  twinmap_map* none = map;
  EXPECT(refused, twinmap_open(NULL, TWINMAP_OPEN_ONLY, NULL, NULL, NULL, &none));
  CHECK(none == NULL);
  EXPECT(refused, twinmap_open("x", TWINMAP_OPEN_ONLY, NULL, NULL, NULL, NULL));
  EXPECT(refused, twinmap_remove(NULL, NULL));
  EXPECT(refused, twinmap_exists(NULL, NULL));
  EXPECT(refused, twinmap_list(NULL, NULL, NULL));
  EXPECT(refused, twinmap_load(map, NULL, 1, buf, &n));
  EXPECT(refused, twinmap_load(map, "k", 1, buf, NULL));
  EXPECT(refused, twinmap_load(map, "k", 1, NULL, &n));
  EXPECT(refused, twinmap_load_many(map, NULL, 1, NULL));
  EXPECT(refused, twinmap_store(map, "k", 1, NULL, 1));
  EXPECT(refused, twinmap_exchange(map, "k", 1, "v", 1, NULL, &n, NULL));
  EXPECT(refused, twinmap_compare_exchange(map, "k", 1, "v", 1, "w", 1, NULL));
  EXPECT(refused, twinmap_compare_erase(map, "k", 1, "v", 1, NULL));
  EXPECT(refused, twinmap_size(map, NULL));
  EXPECT(refused, twinmap_scan_begin(map, NULL));
  EXPECT(refused, twinmap_scan_next(NULL, buf, &n, NULL, NULL));
  EXPECT(refused, twinmap_stats(map, 0, NULL));
  EXPECT(refused, twinmap_info(map, NULL));
  EXPECT(refused, twinmap_options_of(map, NULL));
  EXPECT(refused, twinmap_created(map, NULL));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "k", 1));
  drop(map);
}

static void* fail_elsewhere(void* unused) {
  (void)unused;
  CHECK(strcmp(twinmap_last_error(), "") == 0);
  EXPECT(TWINMAP_INVALID_NAME, twinmap_exists("of another thread/", NULL));
  return NULL;
}

static void per_thread_texts(void) {
  EXPECT(TWINMAP_INVALID_NAME, twinmap_exists("mine/", NULL));
  char before[256];
  snprintf(before, sizeof before, "%s", twinmap_last_error());
  pthread_t thread;
  pthread_create(&thread, NULL, fail_elsewhere, NULL);
  pthread_join(thread, NULL);
  CHECK(strcmp(before, twinmap_last_error()) == 0);

  // An absent key is no failure.
  twinmap_map* map = fresh_map("string", "string");
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "k", 1));
  EXPECT(TWINMAP_NOT_FOUND, twinmap_erase(map, "k", 1));
  CHECK(strcmp(before, twinmap_last_error()) == 0);
  drop(map);
}

static void failures_of_the_system(void) {
  // A component of the directory is a file.
  twinmap_options options;
  twinmap_options_init(&options);
  options.directory = "/dev/null/maps";
  twinmap_map* map = NULL;
  EXPECT(TWINMAP_SYSTEM_ERROR,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options, &map));
  CHECK(twinmap_last_errno() == ENOTDIR);
  EXPECT_TEXT("/dev/null/maps");
  EXPECT(TWINMAP_INVALID_NAME, twinmap_exists("..", NULL));
  CHECK(twinmap_last_errno() == 0);
}

static void every_status_has_a_meaning(void) {
  for (int status = TWINMAP_OK; status <= TWINMAP_UNSUPPORTED_PLATFORM; ++status)
    for (int other = TWINMAP_OK; other < status; ++other)
      CHECK(strcmp(twinmap_strerror((twinmap_status)status),
                   twinmap_strerror((twinmap_status)other)) != 0);
  for (int status = TWINMAP_BUFFER_TOO_SMALL; status <= TWINMAP_SYSTEM_ERROR; ++status)
    CHECK(strstr(twinmap_strerror((twinmap_status)status), "unknown") == NULL);
  CHECK(strstr(twinmap_strerror((twinmap_status)99), "unknown") != NULL);
}

int main(void) {
  wrong_sizes();
  wrong_names_and_types();
  full_maps();
  null_arguments();
  per_thread_texts();
  failures_of_the_system();
  every_status_has_a_meaning();
  return failures != 0;
}
