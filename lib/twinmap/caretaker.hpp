#pragma once

// The hold of a caretaker on a map: what a daemon is made of. While a living process has it, the
// map's other users leave promotions to it; if it is late, or dies, they promote by themselves
// (P9).

#include <twinmap/any_map.hpp>
#include <twinmap/protocol/admin.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

namespace twinmap {

/// A word of a map that changes whenever the map wants its caretaker to look: it was amended or
/// retired, a writer came, or one was found dead. `seen` is to be read before the look.
struct bell {
  const std::atomic<std::uint32_t>* word = nullptr;
  std::uint32_t seen = 0;
};

/// How many bells one call can wait for.
inline constexpr std::size_t max_bells = 128;

/// Sleeps until one of the words is no longer what was seen, or for `timeout`, 24 hours at most;
/// may also return before. Only the first `max_bells` are waited for.
/// Progress: one system call (futex_waitv). Before Linux 5.16: looks every 20 ms.
TWINMAP_EXPORT void wait_for(std::span<const bell> bells,
                             std::chrono::nanoseconds timeout) noexcept;

/// The hold on one map. It is the lease of the thread that made it: all members are for that
/// thread, and the hold ends with it. It is to end before its map is closed; the map may be moved.
class TWINMAP_EXPORT caretaker {
 public:
  /// Takes the hold. Failure: `already_exists` if a living process has it (the text names its pid),
  /// `read_only`, `too_many_writers`.
  explicit caretaker(any_map& map);
  caretaker(any_map& map, std::error_code& code);
  caretaker(caretaker&& other) noexcept;
  caretaker& operator=(caretaker&& other) noexcept;
  /// Gives it up.
  ~caretaker();

  /// False after a move, or if the constructor with a code failed.
  explicit operator bool() const noexcept { return work_ != nullptr; }

  /// Whether this thread still has it; false also in a forked child.
  [[nodiscard]] bool held() const noexcept;

  /// Progress: lock-free, O(max_writers).
  [[nodiscard]] protocol::care_state look() const;
  /// Progress: lock-free.
  [[nodiscard]] bell rings() const noexcept;

  /// Says that the caretaker lives and works, if it still has the hold. While a promotion is due it
  /// is to do so, or to promote, at least every 100 ms. Progress: lock-free, no system call.
  void answer() noexcept;

  /// As `promote(map)`; counted in `promotions_by_caretaker` too.
  bool promote();

  /// One step of `prepare_standby`: copies about `groups` groups of the index (64 bytes each). True
  /// if it is to be called again.
  /// Failure: `lock_timeout`.
  bool prepare_standby_some(std::size_t groups);

  /// Whether the next promotion finds a standby of the present dirty.
  /// Progress: lock-free.
  [[nodiscard]] bool standby_ready() const noexcept;

  /// Asks the kernel for every writer whether it lives, and settles what a dead one left that held
  /// the mutex. How many dead ones still have a lease: a sweep takes those back.
  /// Progress: one system call a writer; waits for nobody.
  std::uint64_t tend();

 private:
  struct work;
  std::unique_ptr<work> work_;
};

}  // namespace twinmap
