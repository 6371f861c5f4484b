#pragma once

#include <twinmap/platform/fork_guard.hpp>
#include <twinmap/platform/lock_file.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace twinmap::platform {

/// Largest number of leases a map can have: slots are numbered with 12 bits, one of them meaning
/// "nobody".
inline constexpr std::uint32_t max_lease_slots = 4095;

/// Who holds lease slot s, for people and for probing. Stored in shared memory, at the start of the
/// slot's lease page. Invariant: an incarnation is held from the CAS that brought it in until its
/// byte is free.
struct alignas(64) lease_record {
  std::atomic<std::uint64_t>
      incarnation;  ///< grows by one with every holder; CAS by the taker who holds byte (s, i+1)
  std::atomic<std::uint32_t>
      held;  ///< 1 from taking to clean release; a hint: only the byte proves anything
  std::atomic<std::uint32_t> process;        ///< pid in the holder's own namespace
  std::atomic<std::uint32_t> thread;         ///< tid, likewise
  std::atomic<std::uint32_t> user;           ///< effective uid
  std::atomic<std::uint64_t> pid_namespace;  ///< inode of /proc/self/ns/pid, 0 if unknown
  std::atomic<std::uint64_t> since;          ///< CLOCK_REALTIME in ns
};
static_assert(sizeof(lease_record) == 64);

struct lease_id {
  std::uint32_t slot = 0;
  std::uint64_t incarnation = 0;  ///< 0: none
  friend bool operator==(const lease_id&, const lease_id&) = default;
};

/// The lease region of a mapped segment: `slots` records, `stride` bytes apart. Per process.
struct lease_directory {
  std::byte* base = nullptr;
  std::size_t stride = 0;
  std::uint32_t slots = 0;
  [[nodiscard]] lease_record& record(std::uint32_t slot) const noexcept {
    return *reinterpret_cast<lease_record*>(base + slot * stride);
  }
};

/// Incarnations are counted with 50 bits, so that every (slot, incarnation) has a byte of its own
/// below 2^63.
inline constexpr std::uint64_t incarnation_limit = 1ull << 50;

/// How much of an incarnation the mutex word has room for.
inline constexpr std::uint32_t owner_incarnation_mask = (1u << 19) - 1;

/// The byte that incarnation `id.incarnation` of slot `id.slot` locks: distinct for every (slot,
/// incarnation).
std::uint64_t liveness_byte(lease_id id) noexcept;

/// The second byte that a lease locks: a function of what stands in the mutex word, so that probing
/// the mutex's owner believes nothing that is written elsewhere in the segment. Distinct for every
/// (slot, low 19 bits).
std::uint64_t owner_byte(std::uint32_t slot, std::uint32_t low_incarnation) noexcept;

/// The incarnation after `current`, whatever garbage that is: 1 .. incarnation_limit - 1.
std::uint64_t next_incarnation(std::uint64_t current) noexcept;

/// True only if the kernel says that nobody holds the byte of `id`. Progress: one system call
/// (about 0.2 µs).
bool is_dead(lock_file& locks, lease_id id) noexcept;

/// One writing thread's proof of life, and its private memory. The proof is OFD write locks on its
/// two bytes, held by a file description that only a one-page mapping (MADV_DONTFORK) keeps alive:
/// it goes with death, exec and unmapping, stays under SIGSTOP, and a forked child has no part in
/// it. The private memory is wiped in a forked child (MADV_WIPEONFORK), so `valid()` is false there
/// and the child takes a lease of its own. Per process; the object may be moved, not copied; used
/// by one thread at a time. It is to be released before the segment is unmapped.
class lease {
 public:
  lease() = default;
  lease(lease&&) noexcept;
  lease& operator=(lease&&) noexcept;
  ~lease();  ///< releases

  /// Takes a free slot: locks the bytes of (s, i+1), sees byte (s, i) free, moves the incarnation
  /// by CAS, fills in the record. Slots never used before are made resident with `commit` first
  /// (called with the slot number; may raise). A slot that `mutex_word` names is passed over while
  /// there is another: its dead owner stays recognisable as dead after the slot is taken (the
  /// word's incarnation is another), and passing over keeps that true when 2^19 holders follow.
  /// `private_bytes` of zeroed WIPEONFORK memory come with it. `found_dead` is set if the slot's
  /// last holder had died without releasing. Raises too_many_writers with the number of slots.
  /// Whole call under the fork guard.
  static lease take(lock_file& locks, const lease_directory& directory,
                    const std::atomic<std::uint32_t>& mutex_word, std::size_t private_bytes,
                    const std::function<void(std::uint32_t)>& commit, bool& found_dead);

  /// Marks the record released and drops the lock. No-op if not valid.
  void release() noexcept;

  /// False if never taken, released, or if this process is a fork's child.
  [[nodiscard]] bool valid() const noexcept { return page_ != nullptr && page_->held != 0; }
  [[nodiscard]] lease_id id() const noexcept { return page_ != nullptr ? page_->id : lease_id(); }
  /// Zeroed when taken, and again in a forked child.
  [[nodiscard]] std::byte* private_memory() const noexcept {
    return page_ != nullptr ? reinterpret_cast<std::byte*>(page_ + 1) : nullptr;
  }

 private:
  /// The head of the WIPEONFORK mapping: wiped in a forked child, where `held` is therefore 0.
  struct alignas(64) page {
    std::uint64_t held;
    lease_id id;
    void* proof;
    std::size_t proof_bytes;
  };

  void reserve(const std::string& map, std::size_t private_bytes);

  page* page_ = nullptr;
  std::size_t mapped_ = 0;
  lease_directory directory_;
};

}  // namespace twinmap::platform
