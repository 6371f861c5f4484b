// What the C tests share: checks that say where they failed, and maps of a name of their own.
#ifndef TWINMAP_TESTS_C_HARNESS_H
#define TWINMAP_TESTS_C_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinmap/twinmap.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition)                                                                         \
  do {                                                                                           \
    if (!(condition)) {                                                                          \
      fprintf(stderr, "%s:%d: not so: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, \
              twinmap_last_error());                                                             \
      ++failures;                                                                                \
    }                                                                                            \
  } while (0)

// The same for a status.
#define EXPECT(wanted, call)                                                                    \
  do {                                                                                          \
    const twinmap_status got = (call);                                                          \
    if (got != (wanted)) {                                                                      \
      fprintf(stderr, "%s:%d: %s is %d (%s), not %s\n    last error: %s\n", __FILE__, __LINE__, \
              #call, (int)got, twinmap_strerror(got), #wanted, twinmap_last_error());           \
      ++failures;                                                                               \
    }                                                                                           \
  } while (0)

// A text of the last error must hold these words.
#define EXPECT_TEXT(part)                                                          \
  do {                                                                             \
    if (strstr(twinmap_last_error(), (part)) == NULL) {                            \
      fprintf(stderr, "%s:%d: \"%s\" is not in: %s\n", __FILE__, __LINE__, (part), \
              twinmap_last_error());                                               \
      ++failures;                                                                  \
    }                                                                              \
  } while (0)

// A name that no other test, run or process uses, as in tests/support/names.hpp.
static inline const char* fresh_name(void) {
  static char name[64];
  static unsigned count = 0;
  snprintf(name, sizeof name, "t%ld-c%u", (long)getpid(), count++);
  return name;
}

// A small map of these types under a name of its own. Ends the test if there is none to be had.
static inline twinmap_map* fresh_map(const char* key_type, const char* value_type) {
  twinmap_options options;
  twinmap_options_init(&options);
  options.max_bytes = 16u << 20;
  twinmap_map* map = NULL;
  const twinmap_status made =
      twinmap_open(fresh_name(), TWINMAP_CREATE_ONLY, key_type, value_type, &options, &map);
  if (made != TWINMAP_OK) {
    fprintf(stderr, "no map: %s\n", twinmap_last_error());
    exit(1);
  }
  return map;
}

static inline void drop(twinmap_map* map) {
  EXPECT(TWINMAP_OK, twinmap_remove(twinmap_name(map), NULL));
  EXPECT(TWINMAP_OK, twinmap_close(map));
}

#endif
