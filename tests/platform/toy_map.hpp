// The least that uses the whole platform layer: a segment with a mutex, leases and two counters
// that the mutex keeps equal. What it says about itself is checked under the mutex, so that two
// holders at once do not go unseen.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <support/names.hpp>
#include <twinmap/platform/lease.hpp>
#include <twinmap/platform/robust_mutex.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <utility>

namespace platform_test {

using namespace std::chrono_literals;
using namespace twinmap::platform;  // NOLINT: the layer under test
using twinmap::platform::access;    // and not the system call

struct toy_header {
  std::atomic<std::uint64_t> uuid[2];
  std::atomic<std::uint64_t> lock_inode;  // of the first who attached: all must have the same
  std::atomic<std::uint32_t> mutex_word;
  std::atomic<std::uint64_t> inside;  // who is in the critical section: slot + 1, 0 nobody
  std::atomic<std::uint64_t> first;   // equal to `second` whenever nobody is inside
  std::atomic<std::uint64_t> second;
  std::atomic<std::uint64_t> take_overs;
  std::atomic<std::uint64_t> violations;
};

inline constexpr std::size_t toy_page = 4096;
inline constexpr std::uint32_t toy_slots = 64;
inline constexpr std::size_t toy_stride = sizeof(lease_record);
inline constexpr std::size_t toy_size = 2 * toy_page;

// Asked of the system each time: forked children would inherit an engine's state, and draw the same
// uuids.
inline std::uint64_t random_number() {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}

inline map_location location_of(const test_support::scoped_name& name) {
  return {name.str(), name.directory().string()};
}

class toy_map {
 public:
  // open_or_create, as the layers above do it. Empty when the name is being removed over and over.
  static std::optional<toy_map> try_attach(const map_location& where, const ownership& owner = {},
                                           std::uint32_t slots = toy_slots) {
    const trust whom = {.trusted_owner = {}, .world_writable_ok = (owner.mode & S_IWOTH) != 0};
    for (int turn = 0; turn != 1000; ++turn) {
      try {
        toy_map map;
        map.segment_ = segment_file::open(where, access::read_write, whom);
        map.finish(where, owner, slots);
        return map;
      } catch (const twinmap::error& failure) {
        if (failure.code() != twinmap::errc::not_found) throw;
      }
      segment_file fresh = segment_file::create(where, toy_size, owner);
      if (fresh.commit(0, toy_size)) throw std::runtime_error("cannot commit the toy");
      auto& header = *reinterpret_cast<toy_header*>(fresh.base());
      header.uuid[0].store(random_number());
      header.uuid[1].store(random_number());
      fresh.publish(where);
    }
    return std::nullopt;
  }

  static toy_map attach(const map_location& where, const ownership& owner = {},
                        std::uint32_t slots = toy_slots) {
    auto map = try_attach(where, owner, slots);
    if (!map) throw std::runtime_error("the name is in motion");
    return std::move(*map);
  }

  lease take() {
    found_dead = false;
    return lease::take(
        locks_, directory_, header().mutex_word, 100, [](std::uint32_t) {}, found_dead);
  }

  robust_mutex mutex(const lease& mine, std::chrono::nanoseconds timeout = 10s) {
    return {header().mutex_word, locks_, directory_, mine.id(), timeout};
  }

  // One passage through the critical section; true if the mutex came from the dead. `pause` is how
  // long it stays inside.
  bool pass(const lease& mine, std::chrono::microseconds pause = 0us,
            std::chrono::nanoseconds timeout = 10s) {
    robust_mutex lock = mutex(mine, timeout);
    lock.lock();
    enter(mine, lock.taken_over());
    if (pause > 0us) std::this_thread::sleep_for(pause);
    leave();
    const bool taken_over = lock.taken_over();
    lock.unlock();
    return taken_over;
  }

  // The halves of `pass`, for those who want to die between them.
  void enter(const lease& mine, bool taken_over) {
    toy_header& h = header();
    const std::uint64_t me = mine.id().slot + 1;
    if (taken_over) {
      h.take_overs.fetch_add(1);
      h.second.store(h.first.load());
      h.inside.store(me);
    } else {
      if (h.inside.exchange(me) != 0) h.violations.fetch_add(1);
      if (h.first.load() != h.second.load()) h.violations.fetch_add(1);
    }
    h.first.fetch_add(1);
  }
  void leave() {
    toy_header& h = header();
    h.second.fetch_add(1);
    if (h.first.load() != h.second.load()) h.violations.fetch_add(1);
    h.inside.store(0);
  }

  toy_header& header() const { return *reinterpret_cast<toy_header*>(segment_.base()); }
  lock_file& locks() { return locks_; }
  segment_file& segment() { return segment_; }
  const lease_directory& directory() const { return directory_; }
  bool dead(lease_id id) { return is_dead(locks_, id); }

  bool found_dead = false;

 private:
  void finish(const map_location& where, const ownership& owner, std::uint32_t slots) {
    const segment_uuid uuid = {header().uuid[0].load(), header().uuid[1].load()};
    locks_ = lock_file::open(where, segment_, uuid, owner, 5s);
    directory_ = {segment_.base() + toy_page, toy_stride, slots};
    struct stat status = {};
    const int file = locks_.open_description();
    ::fstat(file, &status);
    ::close(file);
    std::uint64_t nobody = 0;
    if (!header().lock_inode.compare_exchange_strong(nobody, status.st_ino) &&
        nobody != status.st_ino) {
      header().violations.fetch_add(1);
    }
  }

  segment_file segment_;
  lock_file locks_;
  lease_directory directory_;
};

// The code that the call throws, 0 if it does not; what() goes to `text`.
template <class Call>
std::error_code code_of_call(Call call, std::string* text = nullptr) {
  try {
    call();
  } catch (const twinmap::error& failure) {
    if (text != nullptr) *text = failure.what();
    return failure.code();
  }
  return {};
}

}  // namespace platform_test
