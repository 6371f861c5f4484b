// A program may have been compiled against an older or a newer header than the library it runs
// with: struct_size says so, and neither side touches what the other does not know.
#include <stddef.h>

#include "harness.h"

// The structure of a later version, whose last member this library has never heard of.
struct newer_options {
  twinmap_options known;
  uint64_t future;
};
struct newer_stats {
  twinmap_map_stats known;
  uint64_t future;
};

static void options_in_force(void) {
  twinmap_options options;
  twinmap_options_init(&options);
  CHECK(options.struct_size == sizeof options && options.max_bytes == 1u << 30);
  CHECK(options.max_writers == 256 && options.mode == 0600 && options.group == -1);
  CHECK(options.lock_timeout_ns == 10000000000 && options.trusted_owner == -1);
  CHECK(options.directory == NULL && options.on_retired == TWINMAP_FAIL);

  options.max_bytes = 8u << 20;
  options.max_entries = 1000;
  options.max_writers = 7;
  options.mode = 0640;
  options.lock_timeout_ns = 5;
  options.trusted_owner = 1;
  options.on_retired = TWINMAP_KEEP;
  options.group = (int64_t)getegid();
  twinmap_map* map = NULL;
  const char* name = fresh_name();
  EXPECT(TWINMAP_OK, twinmap_open(name, TWINMAP_CREATE_ONLY, "u64", "u64", &options, &map));
  twinmap_options now = {.struct_size = sizeof now};
  EXPECT(TWINMAP_OK, twinmap_options_of(map, &now));
  CHECK(now.max_bytes == 8u << 20 && now.max_entries == 1000 && now.max_writers == 7);
  CHECK(now.mode == 0640 && now.lock_timeout_ns == 5 && now.trusted_owner == 1);
  CHECK(now.on_retired == TWINMAP_KEEP && now.group == (int64_t)getegid());
  CHECK(now.directory != NULL && now.directory[0] == '/');

  // on_retired is obeyed.
  const uint64_t key = 1;
  EXPECT(TWINMAP_OK, twinmap_remove(name, NULL));
  EXPECT(TWINMAP_OK, twinmap_store(map, &key, sizeof key, &key, sizeof key));
  EXPECT(TWINMAP_OK, twinmap_close(map));
}

static void of_an_older_program(void) {
  twinmap_options options;
  memset(&options, 0xee, sizeof options);
  options.struct_size = offsetof(twinmap_options, max_entries);
  options.max_bytes = 8u << 20;
  twinmap_map* map = NULL;
  const char* name = fresh_name();
  EXPECT(TWINMAP_OK, twinmap_open(name, TWINMAP_CREATE_ONLY, NULL, NULL, &options, &map));
  twinmap_options now = {.struct_size = offsetof(twinmap_options, mode), .mode = 4711};
  EXPECT(TWINMAP_OK, twinmap_options_of(map, &now));
  CHECK(now.max_bytes == 8u << 20 && now.max_writers == 256 && now.mode == 4711);
  CHECK(now.struct_size == offsetof(twinmap_options, mode));

  twinmap_map_stats stats = {.struct_size = offsetof(twinmap_map_stats, misses), .misses = 4711};
  EXPECT(TWINMAP_OK, twinmap_stats(map, 0, &stats));
  CHECK(stats.misses == 4711 && stats.bytes_max == 0);
  twinmap_map_info info = {.struct_size = offsetof(twinmap_map_info, directory)};
  EXPECT(TWINMAP_OK, twinmap_info(map, &info));
  CHECK(strcmp(info.name, name) == 0 && info.directory == NULL);
  drop(map);
}

static void of_a_newer_program(void) {
  struct newer_options options = {.future = 0};
  twinmap_options_init(&options.known);
  options.known.struct_size = sizeof options;
  options.known.max_bytes = 8u << 20;
  twinmap_map* map = NULL;
  EXPECT(TWINMAP_OK,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options.known, &map));
  struct newer_stats stats = {.known = {.struct_size = sizeof stats}, .future = 4711};
  EXPECT(TWINMAP_OK, twinmap_stats(map, 0, &stats.known));
  CHECK(stats.future == 4711 && stats.known.bytes_max == 8u << 20);
  drop(map);
  // An option that would be ignored is refused.
  options.future = 1;
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options.known, &map));
  EXPECT_TEXT("does not know");
}

static void nonsense(void) {
  twinmap_map* map = NULL;
  twinmap_options options;
  memset(&options, 0, sizeof options);
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options, &map));
  EXPECT_TEXT("twinmap_options_init");
  twinmap_options_init(&options);
  options.on_retired = 2;
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options, &map));
  twinmap_options_init(&options);
  options.group = -2;
  EXPECT(TWINMAP_INVALID_ARGUMENT,
         twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, NULL, NULL, &options, &map));
  twinmap_map_stats stats = {.struct_size = 0};
  map = fresh_map(NULL, NULL);
  EXPECT(TWINMAP_INVALID_ARGUMENT, twinmap_stats(map, 0, &stats));
  drop(map);
}

int main(void) {
  options_in_force();
  of_an_older_program();
  of_a_newer_program();
  nonsense();
  return failures != 0;
}
