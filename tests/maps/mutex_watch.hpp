// Who holds the map's mutex, read from the segment as any process may read it.
#pragma once

#include <support/child.hpp>
#include <support/shared_page.hpp>
#include <twinmap/platform/robust_mutex.hpp>
#include <twinmap/protocol/handle.hpp>

#include <chrono>
#include <cstdint>
#include <thread>

namespace test_maps {

inline std::uint32_t mutex_word(const twinmap::protocol::handle& map) {
  return map.view.header->locked.mutex.load() & ~twinmap::platform::mutex_layout::waiter_bit;
}

inline bool mutex_held(const twinmap::protocol::handle& map) {
  return mutex_word(map) != 0;
}

// The lease slot that a word which is not 0 names.
inline std::uint32_t slot_of_holder(std::uint32_t word) {
  return (word & twinmap::platform::mutex_layout::slot_mask) - 1;
}

// The lease slot that holds the mutex; call it only while that cannot change.
inline std::uint32_t mutex_holder_slot(const twinmap::protocol::handle& map) {
  return slot_of_holder(mutex_word(map));
}

// Whether `pid`, which is stopped, holds the mutex. Good within one PID namespace.
inline bool holds_mutex(const twinmap::protocol::handle& map, pid_t pid) {
  if (!mutex_held(map)) return false;
  const std::uint32_t slot = mutex_holder_slot(map);
  if (slot >= map.view.header->constant.max_writers) return false;
  return map.view.lease(slot).who.process.load() == static_cast<std::uint32_t>(pid);
}

// Inserts new keys from 2^41 on and erases them again, for ever: most of its time it holds the
// mutex.
template <class Map, class T>
[[noreturn]] void insert_for_ever(Map& map, const T& value) {
  constexpr std::uint64_t first = 1ull << 41;
  constexpr std::uint64_t standing = 500;
  for (std::uint64_t i = 0;; ++i) {
    map.store(first + i, value);
    if (i >= standing) map.erase(first + i - standing);
  }
}

// Stops `worker` again and again until it is stopped with (or without) the mutex in its hands. The
// worker must be the only process that takes it. False if that did not happen in time.
inline bool stop_with_mutex(test_support::child& worker, const twinmap::protocol::handle& map,
                            bool holding,
                            std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (unsigned attempt = 0; std::chrono::steady_clock::now() < deadline; ++attempt) {
    worker.stop();
    if (holds_mutex(map, worker.pid()) == holding) return true;
    worker.cont();
    std::this_thread::sleep_for(std::chrono::microseconds(50 + attempt * 37 % 400));
  }
  return false;
}

}  // namespace test_maps
