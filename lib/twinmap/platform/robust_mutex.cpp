#include <twinmap/platform/atomic.hpp>
#include <twinmap/platform/robust_mutex.hpp>

#include <algorithm>

namespace twinmap::platform {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr clock::duration first_slice = milliseconds(1);
constexpr clock::duration last_slice = milliseconds(100);
constexpr int spins = 128;

constexpr std::uint32_t owner_of(std::uint32_t word) noexcept {
  return word & ~mutex_layout::waiter_bit;
}
constexpr std::uint32_t waiter_of(std::uint32_t word) noexcept {
  return word & mutex_layout::waiter_bit;
}
constexpr std::uint32_t slot_of(std::uint32_t word) noexcept {
  return (word & mutex_layout::slot_mask) - 1;  // wraps around if the word names no slot
}
constexpr std::uint32_t low_incarnation_of(std::uint32_t word) noexcept {
  return (word >> mutex_layout::incarnation_shift) & mutex_layout::incarnation_mask;
}

}  // namespace

// (M1) acquire, pairs with (M2) and (M3): the last owner's changes are visible.
bool robust_mutex::take_free(std::uint32_t seen, std::uint32_t waiter_bit) noexcept {
  return word_.compare_exchange_strong(seen, mutex_layout::owner_word(me_) | waiter_bit,
                                       std::memory_order_acquire, std::memory_order_relaxed);
}

// (M4) acquire, pairs with nothing in the word: its owner never released. All that it wrote before
// it died is visible, because the kernel dropped its byte afterwards, and the probe went through
// the same kernel lock. The waiter bit is kept: those who sleep behind the dead are woken by our
// unlock.
bool robust_mutex::take_from_dead(std::uint32_t seen) noexcept {
  const std::uint32_t mine = mutex_layout::owner_word(me_) | waiter_of(seen);
  if (!word_.compare_exchange_strong(seen, mine, std::memory_order_acquire,  // (M4)
                                     std::memory_order_relaxed)) {
    return false;
  }
  taken_over_ = true;
  return true;
}

// The word alone says which byte proves the owner alive; a lease locks that byte before it can
// write such a word, and slots are re-used under another incarnation. So a free byte means that
// this owner is gone for ever. (P3, P10) One that is merely stopped keeps its byte, and the
// kernel's locks know nothing of PID namespaces.
bool robust_mutex::owner_is_dead(std::uint32_t seen) noexcept {
  const std::uint32_t slot = slot_of(seen);
  if (slot >= directory_.slots) return true;  // (P6) nobody who could ever unlock it
  return locks_.probe(owner_byte(slot, low_incarnation_of(seen))) == byte_state::free;
}

bool robust_mutex::try_lock(bool probe) noexcept {
  taken_over_ = false;
  if (take_free(0, 0)) return true;
  // Relaxed: what it says is confirmed by the CAS that follows.
  const std::uint32_t seen = word_.load(std::memory_order_relaxed);
  if (owner_of(seen) == 0) return take_free(seen, waiter_of(seen));
  return probe && owner_is_dead(seen) && take_from_dead(seen);
}

void robust_mutex::lock() {
  if (try_lock(false)) return;
  const clock::time_point now = clock::now();
  const bool endless = timeout_ >= clock::time_point::max() - now;
  if (!lock_until(endless ? clock::time_point::max() : now + timeout_)) raise_timeout();
}

bool robust_mutex::spin(std::uint32_t waiter_bit) noexcept {
  for (int i = 0; i != spins; ++i) {
    const std::uint32_t seen = word_.load(std::memory_order_relaxed);
    if (owner_of(seen) == 0 && take_free(seen, waiter_of(seen) | waiter_bit)) return true;
    spin_pause();
  }
  return false;
}

// (P4) Each waiter looks after the owner itself, when it begins to wait and then at the end of
// slices that are measured by the clock: an interrupted or pointless sleep does not start a slice
// anew, only a changed word does.
bool robust_mutex::lock_until(clock::time_point deadline) noexcept {
  taken_over_ = false;
  if (spin(0)) return true;
  clock::duration slice = first_slice;
  clock::time_point next_probe = clock::time_point::min();
  for (;;) {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    // Others may be asleep, and the unlock that freed it may have woken only us.
    if (owner_of(seen) == 0 && take_free(seen, mutex_layout::waiter_bit)) return true;
    const clock::time_point now = clock::now();
    if (owner_of(seen) != 0 && now >= next_probe) {
      if (owner_is_dead(seen) && take_from_dead(seen)) return true;
      next_probe = now + slice;
      slice = std::min(2 * slice, last_slice);
    }
    if (now >= deadline) return false;
    if (owner_of(seen) == 0) continue;
    if (waiter_of(seen) == 0) {
      const std::uint32_t marked = seen | mutex_layout::waiter_bit;
      // Relaxed: the bit asks for a wake-up and carries no data; the kernel compares the word again
      // before we sleep.
      if (!word_.compare_exchange_strong(seen, marked, std::memory_order_relaxed)) continue;
      seen = marked;
    }
    futex_wait(word_, seen, std::min(next_probe, deadline) - now);
    // Who holds it most of the time has it again before we run: the next gap is a matter of
    // nanoseconds, the next wake-up is not.
    if (spin(mutex_layout::waiter_bit)) return true;
    if (word_.load(std::memory_order_relaxed) != seen) {
      slice = first_slice;
      next_probe = clock::now() + slice;
    }
  }
}

void robust_mutex::unlock() noexcept {
  const std::uint32_t mine = mutex_layout::owner_word(me_);
  std::uint32_t expected = mine;
  // (M2) release, pairs with (M1).
  if (word_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                    std::memory_order_relaxed)) {
    return;
  }
  expected = mine | mutex_layout::waiter_bit;
  // (M2) as above. If the word is not ours at all, somebody overwrote it, and it is not ours to
  // change.
  if (word_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                    std::memory_order_relaxed)) {
    futex_wake(word_, 1);
  }
}

void robust_mutex::unlock_without_wake() noexcept {
  const std::uint32_t mine = mutex_layout::owner_word(me_);
  for (const std::uint32_t waiter : {0u, mutex_layout::waiter_bit}) {
    std::uint32_t expected = mine | waiter;
    // (M3) release, pairs with (M1).
    if (word_.compare_exchange_strong(expected, waiter, std::memory_order_release,
                                      std::memory_order_relaxed)) {
      return;
    }
  }
}

lease_id robust_mutex::holder() const noexcept {
  const std::uint32_t seen = word_.load(std::memory_order_relaxed);
  const std::uint32_t slot = slot_of(seen);
  if (slot >= directory_.slots) return {};
  const std::uint64_t current = directory_.record(slot).incarnation.load(std::memory_order_relaxed);
  const bool same = (current & mutex_layout::incarnation_mask) == low_incarnation_of(seen);
  return {slot, same ? current : low_incarnation_of(seen)};
}

void robust_mutex::raise_timeout() const {
  const auto waited = std::chrono::duration_cast<milliseconds>(timeout_).count();
  std::string text =
      "the mutex was not free within " + std::to_string(waited) + " ms (lock_timeout)";
  const lease_id owner = holder();
  if (owner.incarnation != 0) {
    const lease_record& record = directory_.record(owner.slot);
    text += "; it is held by pid " +
            std::to_string(record.process.load(std::memory_order_relaxed)) + " (thread " +
            std::to_string(record.thread.load(std::memory_order_relaxed)) + ", uid " +
            std::to_string(record.user.load(std::memory_order_relaxed)) + ", PID namespace " +
            std::to_string(record.pid_namespace.load(std::memory_order_relaxed)) + "), lease " +
            std::to_string(owner.slot) + "." + std::to_string(owner.incarnation);
  }
  raise(errc::lock_timeout, locks_.where().name, text);
}

}  // namespace twinmap::platform
