// An operation whose buffer is too small has changed nothing and says what it needs, also while
// others change the value all the time: of values that are handed from hand to hand none is lost or
// doubled.
#include <pthread.h>
#include <stdatomic.h>

#include "harness.h"

static void each_operation(void) {
  twinmap_map* map = fresh_map("string", "bytes");
  const char old[] = "twelve bytes";
  EXPECT(TWINMAP_OK, twinmap_store(map, "k", 1, old, 12));
  char buf[16] = "untouched";
  size_t n = 11;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load(map, "k", 1, buf, &n));
  CHECK(n == 12);
  EXPECT_TEXT("the value has 12 bytes, the buffer 11");
  n = 0;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load(map, "k", 1, NULL, &n));
  CHECK(n == 12);

  int flag = 7;
  n = 3;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_exchange(map, "k", 1, "x", 1, buf, &n, &flag));
  CHECK(n == 12 && flag == 0);
  n = 3;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load_and_erase(map, "k", 1, buf, &n));
  CHECK(n == 12);
  n = 3;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load_or_store(map, "k", 1, "x", 1, buf, &n, &flag));
  CHECK(n == 12 && flag == 1);
  n = 3;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load_or_store(map, "new", 3, "four", 4, buf, &n, &flag));
  CHECK(n == 4 && flag == 0);
  EXPECT(TWINMAP_NOT_FOUND, twinmap_contains(map, "new", 3));
  CHECK(memcmp(buf, "untouched", 9) == 0);

  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_load(map, "k", 1, buf, &n));
  CHECK(n == 12 && memcmp(buf, old, 12) == 0);

  // A value that lies in the slot itself.
  EXPECT(TWINMAP_OK, twinmap_store(map, "s", 1, "short", 5));
  memset(buf, '-', sizeof buf);
  n = 4;
  EXPECT(TWINMAP_BUFFER_TOO_SMALL, twinmap_load(map, "s", 1, buf, &n));
  CHECK(n == 5 && buf[0] == '-');
  n = 5;
  EXPECT(TWINMAP_OK, twinmap_load(map, "s", 1, buf, &n));
  CHECK(n == 5 && buf[5] == '-');
  drop(map);
}

// What goes in may lie where the result goes.
static void one_buffer_for_both(void) {
  twinmap_map* map = fresh_map("string", "string");
  char buf[16] = "first value";
  EXPECT(TWINMAP_OK, twinmap_store(map, "k", 1, buf, 11));
  memcpy(buf, "second one!", 11);
  size_t n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_exchange(map, "k", 1, buf, 11, buf, &n, NULL));
  CHECK(n == 11 && memcmp(buf, "first value", 11) == 0);
  n = sizeof buf;
  EXPECT(TWINMAP_OK, twinmap_load(map, "k", 1, buf, &n));
  CHECK(n == 11 && memcmp(buf, "second one!", 11) == 0);
  drop(map);
}

enum { workers = 3, rounds = 20000 };

struct hand {
  twinmap_map* map;
  uint64_t id;
  atomic_uchar* seen;
  unsigned long too_small;
};

// Tokens are numbers followed by a filling whose length differs from token to token.
static size_t length_of(uint64_t token) {
  return sizeof token + token % 50;
}

static void take(struct hand* hand, const unsigned char* value, size_t n) {
  uint64_t token = 0;
  CHECK(n >= sizeof token);
  memcpy(&token, value, sizeof token);
  CHECK(n == length_of(token));
  atomic_fetch_add(&hand->seen[token], 1);
}

static void* hand_on(void* argument) {
  struct hand* hand = argument;
  unsigned char value[64];
  unsigned char old[64];
  memset(value, 'f', sizeof value);
  for (uint64_t i = 0; i < rounds; ++i) {
    const uint64_t token = hand->id * rounds + i;
    memcpy(value, &token, sizeof token);
    size_t room = 8 + i % 16;  // mostly too small at first
    int replaced = 0;
    for (;;) {
      size_t n = room;
      const twinmap_status status =
          twinmap_exchange(hand->map, "k", 1, value, length_of(token), old, &n, &replaced);
      if (status == TWINMAP_BUFFER_TOO_SMALL) {
        CHECK(n > room && n <= sizeof old);
        room = n;
        ++hand->too_small;
        continue;
      }
      CHECK(status == TWINMAP_OK);
      if (replaced) take(hand, old, n);
      break;
    }
  }
  return NULL;
}

static void under_concurrency(void) {
  twinmap_map* map = fresh_map("string", "bytes");
  atomic_uchar* seen = calloc((size_t)workers * rounds, sizeof *seen);
  struct hand hands[workers];
  pthread_t threads[workers];
  for (uint64_t i = 0; i < workers; ++i) {
    hands[i] = (struct hand){map, i, seen, 0};
    pthread_create(&threads[i], NULL, hand_on, &hands[i]);
  }
  unsigned long too_small = 0;
  for (int i = 0; i < workers; ++i) {
    pthread_join(threads[i], NULL);
    too_small += hands[i].too_small;
  }
  unsigned char last[64];
  size_t n = sizeof last;
  EXPECT(TWINMAP_OK, twinmap_load_and_erase(map, "k", 1, last, &n));
  take(&hands[0], last, n);
  for (size_t i = 0; i < (size_t)workers * rounds; ++i)
    CHECK(atomic_load(&seen[i]) == 1);
  CHECK(too_small > rounds / 2);
  free(seen);
  drop(map);
}

int main(void) {
  each_operation();
  one_buffer_for_both();
  under_concurrency();
  return failures != 0;
}
