#include <twinmap/platform/cancel_guard.hpp>
#include <twinmap/platform/clock.hpp>
#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/platform/lease.hpp>
#include <twinmap/platform/ofd_lock.hpp>
#include <twinmap/platform/process_info.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <cerrno>
#include <mutex>
#include <utility>

namespace twinmap::platform {
namespace {

// Where the bytes are: see the map of the file in lock_file.hpp.
constexpr std::uint64_t owner_bytes_start = 4096;
constexpr std::uint64_t liveness_bytes_start = 1ull << 32;
constexpr std::uint64_t slots_per_incarnation = 4096;
static_assert(max_lease_slots < slots_per_incarnation);
static_assert(owner_bytes_start + (owner_incarnation_mask + 1ull) * slots_per_incarnation <
              liveness_bytes_start);
static_assert(liveness_bytes_start / slots_per_incarnation + incarnation_limit < 1ull << 51);

std::size_t page_size() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// For people: relaxed. `held` comes last, and only hints.
void introduce(lease_record& record) noexcept {
  record.process.store(static_cast<std::uint32_t>(::getpid()), std::memory_order_relaxed);
  record.thread.store(static_cast<std::uint32_t>(::syscall(SYS_gettid)), std::memory_order_relaxed);
  record.user.store(::geteuid(), std::memory_order_relaxed);
  record.pid_namespace.store(pid_namespace(), std::memory_order_relaxed);
  record.since.store(realtime_ns(), std::memory_order_relaxed);
  record.held.store(1, std::memory_order_relaxed);
}

bool names_slot(std::uint32_t mutex_word, std::uint32_t slot) noexcept {
  return (mutex_word & (slots_per_incarnation - 1)) == slot + 1;
}

// Tries to become the holder of one slot with the description `file`; on failure no lock stays
// behind. The order matters: whoever sees the new incarnation finds its bytes locked, and of two
// takers of one incarnation only one gets the byte.
std::optional<lease_id> try_slot(lock_file& locks, lease_record& record, std::uint32_t slot,
                                 int file) {
  // (L1) acquire, pairs with (L2): the last holder's proof was locked before this value was
  // visible.
  std::uint64_t last = record.incarnation.load(std::memory_order_acquire);
  if (!is_dead(locks, {slot, last})) return std::nullopt;
  const lease_id mine = {slot, next_incarnation(last)};
  const std::uint64_t owner =
      owner_byte(slot, static_cast<std::uint32_t>(mine.incarnation) & owner_incarnation_mask);
  if (!try_lock_byte(file, liveness_byte(mine))) return std::nullopt;
  if (try_lock_byte(file, owner)) {
    // The holder may have come and gone since the first look, and the next one be there.
    // (L2) release, pairs with (L1) and with (L3) of protocol/lease_census.hpp: our bytes are
    // locked. Acquire: as (L1).
    if (is_dead(locks, {slot, last}) && record.incarnation.compare_exchange_strong(
                                            last, mine.incarnation, std::memory_order_acq_rel)) {
      return mine;
    }
    unlock_byte(file, owner);
  }
  unlock_byte(file, liveness_byte(mine));
  return std::nullopt;
}

// Keeps the description of `file` alive, in this process only: (P4) the kernel drops it with the
// process, however that ends, and (P10) a forked child has no part in it.
void* map_proof(const std::string& map, int file, std::size_t length) {
  void* start = ::mmap(nullptr, length, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (start == MAP_FAILED) raise_system(errno, map, "cannot map a writer lease");
  if (::madvise(start, length, MADV_DONTFORK) != 0) {
    const int error = errno;
    ::munmap(start, length);
    raise_system(error, map, "cannot keep a writer lease from forked children");
  }
  return start;
}

}  // namespace

std::uint64_t liveness_byte(lease_id id) noexcept {
  return liveness_bytes_start + id.incarnation % incarnation_limit * slots_per_incarnation +
         id.slot % slots_per_incarnation;
}

std::uint64_t owner_byte(std::uint32_t slot, std::uint32_t low_incarnation) noexcept {
  return owner_bytes_start + (low_incarnation & owner_incarnation_mask) * slots_per_incarnation +
         slot % slots_per_incarnation;
}

std::uint64_t next_incarnation(std::uint64_t current) noexcept {
  const std::uint64_t next = (current + 1) % incarnation_limit;
  return next == 0 ? 1 : next;
}

bool is_dead(lock_file& locks, lease_id id) noexcept {
  return locks.probe(liveness_byte(id)) == byte_state::free;
}

lease::lease(lease&& other) noexcept {
  *this = std::move(other);
}

lease& lease::operator=(lease&& other) noexcept {
  std::swap(page_, other.page_);
  std::swap(mapped_, other.mapped_);
  std::swap(directory_, other.directory_);
  return *this;
}

lease::~lease() {
  release();
  if (page_ == nullptr) return;
  if (page_->proof != nullptr) ::munmap(page_->proof, page_->proof_bytes);
  ::munmap(page_, mapped_);
}

void lease::reserve(const std::string& map, std::size_t private_bytes) {
  const std::size_t unit = page_size();
  mapped_ = (sizeof(page) + private_bytes + unit - 1) / unit * unit;
  void* memory =
      ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) raise_system(errno, map, "cannot take memory for a writer lease");
  page_ = static_cast<page*>(memory);
  if (::madvise(memory, mapped_, MADV_WIPEONFORK) != 0) {
    raise_system(errno, map, "cannot hide a writer lease from forked children");
  }
}

lease lease::take(lock_file& locks, const lease_directory& directory,
                  const std::atomic<std::uint32_t>& mutex_word, std::size_t private_bytes,
                  const std::function<void(std::uint32_t)>& commit, bool& found_dead) {
  const cancel_guard no_cancellation;
  const std::string& map = locks.where().name;
  lease result;
  result.reserve(map, private_bytes);
  result.directory_ = directory;
  fork_guard guard;
  const std::scoped_lock guarded(guard);
  const unique_descriptor file(locks.open_description());
  if (!file) {
    raise_system(errno, map, "cannot open " + locks.where().lock_path() + " for a writer lease");
  }
  result.page_->proof_bytes = mapping_unit(file.get());
  result.page_->proof = map_proof(map, file.get(), result.page_->proof_bytes);
  int refusal = 0;  // the system's, other than that somebody has the byte
  for (const bool last_resort : {false, true}) {
    for (std::uint32_t slot = 0; slot != directory.slots; ++slot) {
      commit(slot);
      // Relaxed: a preference, see lease.hpp.
      if (!last_resort && names_slot(mutex_word.load(std::memory_order_relaxed), slot)) continue;
      lease_record& record = directory.record(slot);
      errno = 0;
      const auto id = try_slot(locks, record, slot, file.get());
      if (!id && errno == ENOLCK) refusal = errno;
      if (!id) continue;
      result.page_->id = *id;
      result.page_->held = 1;
      found_dead = record.held.load(std::memory_order_relaxed) != 0;
      introduce(record);
      return result;
    }
  }
  if (refusal != 0)
    raise_system(refusal, map, "cannot lock " + locks.where().lock_path() + " for a writer lease");
  raise(errc::too_many_writers, map,
        "all " + std::to_string(directory.slots) +
            " writer leases (max_writers) are held by living threads");
}

void lease::release() noexcept {
  if (!valid()) return;
  lease_record& record = directory_.record(page_->id.slot);
  if (record.incarnation.load(std::memory_order_relaxed) == page_->id.incarnation) {
    record.held.store(0, std::memory_order_relaxed);
  }
  page_->held = 0;
  // Whoever finds the bytes free sees all that this lease did: the kernel's own locks order the
  // two.
  ::munmap(page_->proof, page_->proof_bytes);
  page_->proof = nullptr;
}

}  // namespace twinmap::platform
