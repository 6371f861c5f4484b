// Taking back what the dead held (P5), while everyone works. Nothing here waits for a living
// process.
//
// Blocks, in batches: read owner pairs → see which of their leases are dead → scan all slots → CAS
// the very pair that was read ⚑. A block is named by at most one slot for as long as its stamp
// stands, and once unnamed it never is again under that stamp; so a pair that was live or a dead
// one's before the scan, and that the scan did not find named, is garbage, and if anybody was
// faster the CAS fails.

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/lease_census.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/standby.hpp>
#include <twinmap/protocol/step_counter.hpp>

#include <algorithm>

namespace twinmap::protocol {

using platform::pair_value;
using storage::block_ref;
using storage::chunk_entry;
using storage::chunk_kind;
using storage::counter;
using storage::entry_state;
using storage::entry_word;
using storage::owner_kind;
using storage::owner_word;

namespace {

struct candidate {
  std::uint32_t owner;
  pair_value seen;
};

std::uint64_t used_slots(const segment_view& view) noexcept {
  // (W2) of walk.hpp
  return std::min<std::uint64_t>(view.header->locked.slots_used.load(std::memory_order_acquire),
                                 view.max_slots);
}

/// Which owner indexes the slots name, as values or as long keys.
class named_blocks {
 public:
  explicit named_blocks(const segment_view& view)
      : view_(view), named_(std::size_t{view.heap.chunks} << view.heap.pairs_shift) {}

  /// False if a slot would not hold still: then nothing is known to be unnamed.
  [[nodiscard]] bool scan(step_counter& steps) {
    for (std::uint64_t number = 1; number < used_slots(view_); ++number) {
      steps.step();
      if (view_.slot_ok(number) && !scan_slot(view_.slot(number))) return false;
    }
    return true;
  }
  /// Of a chunk of the heap.
  [[nodiscard]] bool contains(std::uint32_t owner) const { return named_[owner]; }

 private:
  bool scan_slot(const storage::entry& slot) {
    for (std::uint32_t attempt = 0; attempt != 1u << 20; ++attempt) {
      const pair_value seen = load_pair(slot);
      const entry_word word{seen.first};
      if (word.state() == entry_state::free) return true;
      const storage::entry_meta meta{slot.meta.load(std::memory_order_relaxed)};
      const block_ref key{slot.key.load(std::memory_order_relaxed)};
      platform::acquire_fence();  // (R4) of reader.hpp
      if (slot.value.first.load(std::memory_order_relaxed) != seen.first) continue;
      if (word.state() == entry_state::live_block) note(block_ref{seen.second});
      if (meta.key_length() > view_.key_capacity) note(key);
      return true;
    }
    return false;
  }
  void note(block_ref ref) {
    if (ref.owner() < named_.size()) named_[ref.owner()] = true;
  }

  const segment_view& view_;
  std::vector<bool> named_;
};

class sweeper {
 public:
  sweeper(writer& by, bool waits, const walk_progress& told)
      : by_(by),
        waits_(waits),
        view_(by.map.view),
        chunks_(by.blocks().chunks()),
        census_(by.map),
        // Each slot: is its block named, is it lost, is it live.
        steps_(told, 3 * used_slots(view_) + chunks_.committed()) {}

  /// A sweep that ends before its end leaves word that another one is wanted.
  sweep_report run() {
    auto& wanted = by_.header().roots.sweep_wanted;
    const std::uint32_t deaths = wanted.exchange(0, std::memory_order_relaxed);
    struct reminder {
      std::atomic<std::uint32_t>& cell;
      std::uint32_t deaths;
      ~reminder() {
        if (deaths != 0) cell.fetch_add(deaths, std::memory_order_relaxed);
      }
    } unless_done{wanted, std::max(deaths, 1u)};
    report_.leases_released = census_.release_dead();
    sweep_blocks();
    sweep_chunks();
    if (sweep_slots()) unless_done.deaths = 0;
    report_.size_corrected = recount();
    by_.count(counter::sweeps);
    by_.count(counter::swept_blocks, report_.blocks_freed);
    by_.count(counter::swept_slots, report_.slots_freed);
    return report_;
  }

 private:
  void gather(std::uint32_t chunk, std::vector<candidate>& found) {
    const std::uint32_t pairs = chunks_.pairs_of(chunk, chunks_.load(chunk));
    for (std::uint32_t i = 0; i != pairs; ++i) {
      const std::uint32_t owner = (chunk << view_.heap.pairs_shift) + i;
      const pair_value seen = storage::load_owner(view_.heap.owners[owner]);
      const owner_word held{seen.first};
      if (held.kind() == owner_kind::live ||
          (held.kind() == owner_kind::leased && census_.dead(held.lease())))
        found.push_back({owner, seen});
    }
  }

  void settle(const candidate& block, bool named) {
    const bool was_live = owner_word{block.seen.first}.kind() == owner_kind::live;
    if (named) {
      if (!was_live && by_.blocks().settle(block.owner, block.seen, owner_word::live()))
        ++report_.blocks_adopted;
      return;
    }
    if (by_.blocks().free_unnamed(block.owner, block.seen, by_.context)) ++report_.blocks_freed;
  }

  void sweep_blocks() {
    constexpr std::size_t batch = 1u << 20;
    std::vector<candidate> found;
    const std::uint32_t limit = chunks_.committed();
    for (std::uint32_t chunk = 0; chunk != limit;) {
      found.clear();
      for (; chunk != limit && found.size() < batch; ++chunk)
        gather(chunk, found);
      if (found.empty()) continue;
      named_blocks named(view_);
      if (!named.scan(steps_)) return;
      for (const candidate& block : found)
        settle(block, named.contains(block.owner));
    }
  }

  /// Pairs of a chunk that is no block's: what the dead had leased of it becomes free.
  void free_pairs_of_dead(std::uint32_t chunk) {
    const std::uint32_t base = chunk << view_.heap.pairs_shift;
    const std::uint32_t resident = view_.resident_pairs(chunk);
    for (std::uint32_t i = 0; i != resident; ++i) {
      const pair_value seen = storage::load_owner(view_.heap.owners[base + i]);
      const owner_word held{seen.first};
      if (held.kind() == owner_kind::leased && census_.dead(held.lease()))
        by_.blocks().settle(base + i, seen, owner_word::free());
    }
  }

  [[nodiscard]] bool orphan_tail(std::uint32_t chunk, chunk_entry tail) const {
    if (tail.number() == 0 || tail.number() > chunk) return true;
    const chunk_entry head = chunks_.load(chunk - tail.number());
    const bool whole = head.kind() == chunk_kind::run || head.kind() == chunk_kind::table;
    if (whole) return head.number() <= tail.number();
    return head.kind() != chunk_kind::claimed || census_.dead(head);
  }

  [[nodiscard]] bool pair_is_free(std::uint32_t chunk) const noexcept {
    if (view_.resident_pairs(chunk) == 0) return false;
    const auto& pair = view_.heap.owners[std::uint64_t{chunk} << view_.heap.pairs_shift];
    return owner_word{storage::load_owner(pair).first}.kind() == owner_kind::free;
  }

  void sweep_chunks() {
    const std::uint32_t limit = chunks_.committed();
    std::uint32_t free = 0;
    std::uint32_t given_back = 0;
    for (std::uint32_t chunk = 0; chunk != limit; ++chunk) {
      steps_.step();
      const chunk_entry entry = chunks_.load(chunk);
      const bool of_dead = entry.kind() == chunk_kind::claimed && census_.dead(entry);
      const bool orphan = entry.kind() == chunk_kind::tail && orphan_tail(chunk, entry);
      // The pair of a run is leased before the run is one, and free before it stops being one.
      if (entry.kind() == chunk_kind::run && pair_is_free(chunk)) {
        chunks_.release_run(chunk, entry, by_.context.me);
        ++report_.chunks_freed;
      }
      // A claimer killed between a pair and a second look at the chunk leaves its lease in a chunk
      // that was free by then.
      if (of_dead || entry.kind() == chunk_kind::free) free_pairs_of_dead(chunk);
      if ((of_dead && chunks_.release_one(chunk, entry)) ||
          (orphan && chunks_.release_one(chunk, entry)) ||
          (entry.kind() == chunk_kind::small && wholly_free(chunk, entry) &&
           by_.blocks().dissolve(chunk, by_.context)))
        ++report_.chunks_freed;
      if (chunks_.load(chunk).kind() == chunk_kind::free)
        ++(view_.resident(chunk) ? free : given_back);
    }
    by_.header().allocation.given_back.store(given_back, std::memory_order_relaxed);
    by_.header().allocation.free_chunks.store(free, std::memory_order_relaxed);
    if (free >= limit / 8) by_.header().allocation.tight.store(0, std::memory_order_relaxed);
  }

  /// Counts, and mends the hint on the way.
  bool wholly_free(std::uint32_t chunk, chunk_entry entry) const noexcept {
    const std::uint32_t blocks = chunks_.pairs_of(chunk, entry);
    if (blocks == 0) return false;
    std::uint32_t free = 0;
    for (std::uint32_t i = 0; i != blocks; ++i) {
      const auto& pair = view_.heap.owners[(chunk << view_.heap.pairs_shift) + i];
      if (owner_word{pair.first.load(std::memory_order_relaxed)}.kind() == owner_kind::free) ++free;
    }
    view_.chunk(chunk).free_hint.store(static_cast<std::uint16_t>(free), std::memory_order_relaxed);
    return free == blocks;
  }

  [[nodiscard]] bool orphan_slot(std::uint64_t number) const noexcept {
    const pair_value seen = load_pair(view_.slot(number));
    return entry_word{seen.first}.state() == entry_state::free &&
           (seen.second & storage::listed_bit) == 0;
  }

  /// Runs `f` under the mutex; false if that would have meant to wait, and this sweep does not.
  template <class F>
  bool under_mutex(F f) {
    if (!waits_) return locked_section::try_run(by_, f);
    locked_section at(by_);
    f(at);
    return true;
  }

  /// Slots in small batches under the mutex: those expunged long ago, and free ones that are in no
  /// list.
  /// False if it would have had to wait.
  bool sweep_slots() {
    constexpr std::uint32_t batch = 4096;
    if (!under_mutex(release_dead_standby_locked)) return false;
    const auto reap = [](locked_section& at) { reap_some_locked(at, batch); };
    while (view_.header->locked.reap_left.load(std::memory_order_relaxed) != 0)
      if (!under_mutex(reap)) return false;
    for (std::uint64_t number = 1; number < used_slots(view_); ++number) {
      steps_.step();
      if (!view_.slot_ok(number) || !orphan_slot(number)) continue;
      const auto give_back = [this, number](locked_section& at) {
        // Under the mutex nothing is in flux: what is free and in no list now is lost.
        if (!orphan_slot(number)) return;
        at.locked().intent_slot.store(static_cast<std::uint32_t>(number),
                                      std::memory_order_relaxed);
        give_slot_locked(at, number);
        ++report_.slots_freed;
      };
      if (!under_mutex(give_back)) return false;
    }
    return true;
  }

  /// What `size` is wrong by: only if no key came or went during the count.
  std::int64_t recount() {
    constexpr int attempts = 3;
    auto& correction = view_.header->counts.size_correction;
    for (int attempt = 0; attempt != attempts; ++attempt) {
      std::int64_t before = correction.load(std::memory_order_relaxed);
      const auto moment = census_.transitions();
      if (!moment) continue;
      const std::uint64_t counted = sum_of_sizes(view_);
      std::uint64_t live = 0;
      for (std::uint64_t number = 1; number < used_slots(view_); ++number) {
        steps_.step();
        if (view_.slot_ok(number) &&
            entry_word{view_.slot(number).value.first.load(std::memory_order_acquire)}  // (W4)
                .live())
          ++live;
      }
      // (N6) with (N1) of mutation.hpp: whatever was counted was loaded before the second look.
      // Without it a counter, which is loaded relaxed, might be younger.
      platform::acquire_fence();
      if (census_.transitions() != moment) continue;
      const std::uint64_t right = static_cast<std::uint64_t>(before) + live - counted;
      // (N4) seq_cst by default, with nothing: a counter, which everybody loads relaxed.
      if (live == counted ||
          correction.compare_exchange_strong(before, static_cast<std::int64_t>(right)))
        return static_cast<std::int64_t>(live - counted);
    }
    return 0;
  }

  writer& by_;
  bool waits_;
  const segment_view& view_;
  storage::chunk_table& chunks_;
  lease_census census_;
  step_counter steps_;
  sweep_report report_;
};

}  // namespace

sweep_report sweep(handle& map, const walk_progress& told) {
  writer by = begin_care(map);
  by.blocks().flush(by.context);
  return sweeper(by, true, told).run();
}

sweep_report sweep_in_passing(handle& map) noexcept {
  try {
    writer by = begin_care(map);
    by.blocks().flush(by.context);
    const walk_progress nobody;
    return sweeper(by, false, nobody).run();
  } catch (...) {
    // No memory of our own for it, or a map that is damaged: the operation at hand says what that
    // means for it.
    return {};
  }
}

bool promote(handle& map) {
  writer by = begin_care(map);
  locked_section at(by);
  if (!at.read().amended()) return false;
  promote_locked(at);
  return true;
}

bool compact(handle& map) {
  writer by = begin_care(map);
  const auto compact_now = [&by] {
    locked_section at(by);
    return compact_locked(at);
  };
  const bool left_out = compact_now();
  // What was left out gives its slots back, a few at a time.
  constexpr std::uint32_t batch = 4096;
  while (map.view.header->locked.reap_left.load(std::memory_order_relaxed) != 0) {
    locked_section at(by);
    reap_some_locked(at, batch);
  }
  return left_out;
}

}  // namespace twinmap::protocol
