#pragma once

// Every operation that may change a key, in one shape: look at what stands, decide, and change it
// by one CAS.

#include <twinmap/protocol/locate.hpp>
#include <twinmap/protocol/process_state.hpp>

namespace twinmap::protocol {

/// What an operation wants. Per call, on the stack of its thread.
class mutation {
 public:
  virtual ~mutation() = default;

  /// Decides on what stands; `current` is empty unless `wants_value`. May be called again after a
  /// lost race. For `put`, `desired` has been set. Runs under no lock.
  virtual update_step decide(bool present, bytes current) = 0;

  bool wants_value = false;  ///< `current` is needed
  /// A search that found the key nowhere, with read amended, counts towards promotion (sync.Map's
  /// rule). One that found it in dirty always does, as there a promotion helps.
  bool counts_miss = true;
  bytes desired;  ///< what `put` stores
  storage::counter counted = storage::counter::stores;
};

/// Runs a mutation to its end. Progress: lock-free for keys that have a slot; else may wait for the
/// mutex.
void mutate(handle& map, key_view key, mutation& operation);

/// A value on its way into a slot: in the word's payload, or in a block that this lease owns.
class staged_value {
 public:
  explicit staged_value(writer& by) : by_(by) {}
  staged_value(const staged_value&) = delete;
  staged_value& operator=(const staged_value&) = delete;
  ~staged_value() { drop(); }

  /// Writes the bytes where readers may find them later. A block of the same class is used again.
  /// Raises no_space, value_too_long.
  void stage(bytes value);
  /// The pair that publishes it, as the successor of `before`.
  [[nodiscard]] platform::pair_value after(storage::entry_word before) const noexcept;
  /// Somebody else's now: not given back.
  void forget() noexcept { block_ = {}; }
  /// It was published: the block is the map's now.
  void published() noexcept;

 private:
  void drop() noexcept;

  writer& by_;
  std::size_t length_ = 0;
  std::uint64_t payload_ = 0;
  storage::owned_block block_;
};

/// Allocates with everything tried that makes room: the stacks, a sweep. Raises no_space.
storage::owned_block allocate_or_raise(writer& by, std::uint64_t length, const char* what);

/// Gives back the block of a value that a CAS has just removed; `seen` was read before that CAS.
void retire_value(writer& by, const location& before, platform::pair_value seen,
                  bool hoard) noexcept;

/// live → nil, by one CAS. False if the slot moved.
bool remove_located(writer& by, const location& at);

/// Marks the time between a CAS that changes the number of keys and its counter (see
/// lease_page::transitions).
//
// Ordered accesses:
//   (N1) release store of transitions, odd before the CAS and even after the counter, and whatever
//        makes it even for the dead: with (N3) of lease_census.hpp and (N6) of sweep.cpp: between
//        two looks at the same even number no key came or went
//   (N2) release store of the counter: with nothing: it is loaded relaxed, and the store of
//        transitions that follows is a release
class size_change {
 public:
  explicit size_change(writer& by) noexcept : page_(*by.context.page) { step(); }
  ~size_change() { step(); }
  void commit(std::int64_t delta) noexcept {
    // Unsigned: garbage may overflow (P6).
    const auto before =
        static_cast<std::uint64_t>(page_.size_delta.load(std::memory_order_relaxed));
    page_.size_delta.store(static_cast<std::int64_t>(before + static_cast<std::uint64_t>(delta)),
                           std::memory_order_release);  // (N2)
  }

 private:
  void step() noexcept {
    page_.transitions.store(page_.transitions.load(std::memory_order_relaxed) + 1,
                            std::memory_order_release);  // (N1)
  }
  storage::lease_page& page_;
};

/// Inserts a key that had no slot, or only an expunged one. False if meanwhile it has one: look
/// again. Progress: may wait for the mutex. Raises lock_timeout, no_space, too_many_entries.
bool insert_absent(writer& by, key_view key, staged_value& value);

}  // namespace twinmap::protocol
