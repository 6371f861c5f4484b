#pragma once

#include <twinmap/platform/lease.hpp>

#include <boost/date_time/posix_time/posix_time_types.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

namespace twinmap::platform {

/// Layout of the futex word, stored in shared memory. Free: bits 0-30 are 0.
///   bits 0-11  slot of the owner + 1     bits 12-30  low 19 bits of its incarnation     bit 31
///   someone may be waiting
namespace mutex_layout {
inline constexpr std::uint32_t waiter_bit = 1u << 31;
inline constexpr std::uint32_t slot_mask = (1u << 12) - 1;
inline constexpr std::uint32_t incarnation_shift = 12;
inline constexpr std::uint32_t incarnation_mask = owner_incarnation_mask;
constexpr std::uint32_t owner_word(lease_id id) noexcept {
  return (id.slot + 1) |
         (static_cast<std::uint32_t>(id.incarnation & incarnation_mask) << incarnation_shift);
}
}  // namespace mutex_layout

/// An interprocess mutex whose owner may die: the next one takes it over and is told. Meets
/// Boost.Interprocess's Lockable (lock, try_lock, timed_lock, unlock), so
/// `boost::interprocess::scoped_lock` works on it.
///
/// The object is a per-process, per-operation view of the word; it never outlives what it refers
/// to. Guarantees: (1) at most one living lease holds it; (2) a dead owner is noticed by every
/// waiter within 100 ms, also if signals keep interrupting its sleep; (3) an owner that is merely
/// stopped is waited for until the timeout, and never robbed; (4) uncontended lock and unlock are
/// one CAS each and no system call; (5) a word that names nobody who could hold it (P6) is taken
/// over as from the dead; (6) a wake-up that is lost with its receiver costs at most 100 ms.
/// Invariant: whoever sleeps has set the waiter bit, and the bit outlives changes of owner until an
/// unlock wakes one.
class robust_mutex {
 public:
  robust_mutex(std::atomic<std::uint32_t>& word, lock_file& locks, const lease_directory& directory,
               lease_id me, std::chrono::nanoseconds timeout) noexcept
      : word_(word), locks_(locks), directory_(directory), me_(me), timeout_(timeout) {}

  /// Waits (spins shortly, then sleeps in slices that grow from 1 ms to 100 ms, probing the owner
  /// at the end of each) until it holds the mutex; raises lock_timeout naming the holder's pid and
  /// PID namespace as it recorded them.
  void lock();

  /// One attempt, no system call unless the word is owned by someone and `probe` is asked for: then
  /// one probe, and a dead owner is replaced.
  bool try_lock(bool probe = true) noexcept;

  /// `Deadline` is boost::posix_time::ptime in UTC, as Boost.Interprocess has it.
  template <class Deadline>
  bool timed_lock(const Deadline& deadline) {
    using clock = std::chrono::steady_clock;
    if (deadline.is_pos_infinity()) return lock_until(clock::time_point::max());
    if (deadline.is_special()) return try_lock();
    const auto left = deadline - boost::posix_time::microsec_clock::universal_time();
    return lock_until(clock::now() + std::chrono::microseconds(left.total_microseconds()));
  }

  /// Whether somebody, living or dead, holds it by its word alone: a hint for whoever has better to
  /// do than try.
  [[nodiscard]] static bool is_held(const std::atomic<std::uint32_t>& word) noexcept {
    return (word.load(std::memory_order_relaxed) & ~mutex_layout::waiter_bit) != 0;
  }

  void unlock() noexcept;

  /// Releases without waking anyone: for callers that must not make a system call. Waiters find out
  /// at the end of their slice (which starts again at 1 ms each time that the word changes); the
  /// bit stays for the next owner's unlock.
  void unlock_without_wake() noexcept;

  /// True after lock or try_lock if the mutex came from a dead owner: the protected data may be
  /// half changed.
  [[nodiscard]] bool taken_over() const noexcept { return taken_over_; }

  /// The lease that holds it now, as far as the word tells (incarnation 0: nobody, or a word that
  /// makes no sense).
  [[nodiscard]] lease_id holder() const noexcept;

 private:
  bool spin(std::uint32_t waiter_bit) noexcept;
  bool take_free(std::uint32_t seen, std::uint32_t waiter_bit) noexcept;
  bool lock_until(std::chrono::steady_clock::time_point deadline) noexcept;
  bool owner_is_dead(std::uint32_t seen) noexcept;
  bool take_from_dead(std::uint32_t seen) noexcept;
  [[noreturn]] void raise_timeout() const;

  std::atomic<std::uint32_t>& word_;
  lock_file& locks_;
  lease_directory directory_;
  lease_id me_;
  std::chrono::nanoseconds timeout_;
  bool taken_over_ = false;
};

/// Sleeps while `word` holds `expected`, at most `slice`. Shared between processes. Spurious
/// wake-ups are allowed.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds slice) noexcept;
void futex_wake(const std::atomic<std::uint32_t>& word, int count) noexcept;

/// A word, and what it is expected to hold.
struct futex_watch {
  const std::atomic<std::uint32_t>* word;
  std::uint32_t expected;
};
inline constexpr std::size_t max_futex_watches = 128;

/// Sleeps while each word holds what is expected of it, at most `timeout`. Without futex_waitv
/// (Linux before 5.16) it looks every 20 ms. Spurious wake-ups are allowed.
void futex_wait_any(std::span<const futex_watch> watches,
                    std::chrono::nanoseconds timeout) noexcept;

}  // namespace twinmap::platform
