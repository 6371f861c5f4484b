#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/standby_memory.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>
#include <bit>

namespace twinmap::protocol {

using storage::root_word;
using progress = standby_copier::progress;

namespace {

std::uint64_t mark_bytes(root_word source) noexcept {
  return (source.groups() + 63) / 64 * sizeof(std::uint64_t);
}

/// Where a quarter of what dirty may take is left, a standby of the same shape; else one for half
/// as many words again: placing each word anew costs ten times what copying lines does, so it
/// should not come soon again.
root_word shape_for(const segment_view& view, root_word source) noexcept {
  const storage::header_counts& counts = view.header->counts;
  const std::uint64_t limit = storage::fill_limit(source);
  const bool wide = wide_needed(view);
  const std::uint64_t generation = source.generation() + 1;
  if (wide == source.wide() &&
      counts.dirty_filled.load(std::memory_order_relaxed) <= limit - limit / 4)
    return root_word::make(0, source.groups(), wide, generation);
  const std::uint64_t named = counts.dirty_words.load(std::memory_order_relaxed);
  const std::uint64_t words = std::min(named + named / 2 + 1, view.max_slots + 1);
  const std::uint64_t groups = wide ? storage::groups_for<storage::wide_group>(words)
                                    : storage::groups_for<storage::narrow_group>(words);
  return root_word::make(0, std::min(groups, root_word::max_groups), wide, generation);
}

}  // namespace

standby_copier::~standby_copier() {
  if (phase_ == phase::idle) return;
  try {
    writer by = begin_care(map_);
    give_up(by);
  } catch (const error&) {
    // What is left is this lease's: this thread's next copier takes it back, or a sweep once the
    // lease has ended.
  }
}

/// A standby is a luxury: it does not take what `erase` has just made free for values (P7), nor the
/// last sixteenth of the file system.
bool standby_copier::room_for(writer& by, std::uint32_t chunks) const {
  if (by.blocks().tight()) return false;
  const segment_view& view = map_.view;
  const storage::header_allocation& hints = by.header().allocation;
  const std::uint64_t resident = hints.free_chunks.load(std::memory_order_relaxed);
  const std::uint64_t committed = by.blocks().chunks().committed();
  const std::uint64_t to_be_had = view.heap.chunks -
                                  std::min<std::uint64_t>(view.heap.chunks, committed) +
                                  hints.given_back.load(std::memory_order_relaxed);
  if (resident + to_be_had < chunks + std::uint64_t{view.heap.chunks} / 16) return false;
  if (resident >= chunks) return true;
  const platform::segment_file::file_system space = by.state().file.space();
  const std::uint64_t length = std::uint64_t{chunks} << view.heap.chunk_shift;
  return space.total == 0 || space.available >= length + space.total / 16;
}

progress standby_copier::begin(writer& by) {
  const segment_view& view = map_.view;
  source_ = {view.roots->dirty.load(std::memory_order_acquire)};  // (W1) of walk.hpp
  if (!source_ || !root_word{view.roots->read.load(std::memory_order_acquire)}.amended())  // (W1)
    return progress::nothing;
  if (ready_standby(view, source_)) return progress::ready;
  me_ = lease_word(by.context.me);
  const std::uint64_t other = by.header().standby.copier.load(std::memory_order_relaxed);
  if (any_standby(view) && other != me_ && lives(map_, other)) return progress::nothing;
  const root_word shape = shape_for(view, source_);
  const std::uint64_t length = shape.groups() * storage::group_bytes + mark_bytes(source_);
  count_ =
      static_cast<std::uint32_t>((length + view.heap.chunk_bytes() - 1) >> view.heap.chunk_shift);
  if (!room_for(by, count_)) return progress::nothing;
  const auto first = by.blocks().chunks().claim(count_, by.context.me);
  if (!first) return progress::nothing;
  first_ = *first;
  table_ = root_word::make(std::uint64_t{first_} << view.heap.chunk_shift, shape.groups(),
                           shape.wide(), shape.generation());
  next_ = 0;
  passes_ = 0;
  phase_ = phase::clearing;
  return progress::copying;
}

progress standby_copier::clear(writer& by, std::size_t groups) {
  // The marks, behind the table, count as groups here.
  const std::uint64_t all =
      table_.groups() + (mark_bytes(source_) + storage::group_bytes - 1) / storage::group_bytes;
  const std::uint64_t end = std::min<std::uint64_t>(all, next_ + groups);
  auto* words = reinterpret_cast<std::uint64_t*>(map_.view.heap.heap + table_.offset());
  constexpr std::uint64_t per_group = storage::group_bytes / sizeof(std::uint64_t);
  platform::release_fence();  // (T3) of tables.cpp
  for (std::uint64_t i = next_ * per_group; i != end * per_group; ++i)
    __atomic_store_n(words + i, 0, __ATOMIC_RELAXED);
  next_ = end;
  if (next_ != all) return progress::copying;
  locked_section at(by);
  register_locked(at);
  next_ = 0;
  return phase_ == phase::copying ? progress::copying : progress::nothing;
}

void standby_copier::register_locked(locked_section& at) {
  storage::header_standby& standby = at.by.header().standby;
  release_dead_standby_locked(at);
  at.locked().building.store(first_ + 1, std::memory_order_relaxed);
  at.by.blocks().chunks().publish_run(first_, count_, storage::chunk_kind::table);
  const bool wanted = state_of_standby(at.view()) == standby_state::none && at.read().amended() &&
                      at.dirty().bits == source_.bits;
  if (wanted) {
    standby.table.store(table_.bits, std::memory_order_relaxed);
    standby.source.store(source_.bits, std::memory_order_relaxed);
    standby.copier.store(me_, std::memory_order_relaxed);
    standby.marked.store(0, std::memory_order_relaxed);
    standby.state.store(static_cast<std::uint32_t>(standby_state::copying),
                        std::memory_order_release);  // (Y5)
  } else {
    release_table_locked(at, first_);
  }
  at.locked().building.store(0, std::memory_order_relaxed);
  phase_ = wanted ? phase::copying : phase::idle;
}

bool standby_copier::still_ours() const noexcept {
  const storage::header_standby& standby = map_.view.header->standby;
  return state_of_standby(map_.view) == standby_state::copying &&
         standby.table.load(std::memory_order_relaxed) == table_.bits &&
         standby.copier.load(std::memory_order_relaxed) == me_;
}

progress standby_copier::give_up(writer& by) {
  const phase was = phase_;
  // Of another lease than the caller's (a forked child, another thread): not ours to touch.
  if (lease_word(by.context.me) == me_) {
    if (was == phase::clearing) {
      by.blocks().chunks().release_claimed(first_, count_);
    } else if (was == phase::copying) {
      locked_section at(by);
      const storage::header_standby& standby = by.header().standby;
      if (standby.table.load(std::memory_order_relaxed) == table_.bits &&
          standby.copier.load(std::memory_order_relaxed) == me_)
        release_dead_standby_locked(at);
    }
  }
  phase_ = phase::idle;
  return progress::nothing;
}

progress standby_copier::copy_marks(writer& by) {
  const standby_memory m(map_.view, source_, table_);
  std::uint64_t changed = 0;
  bool room = true;
  by.header().standby.marked.store(0, std::memory_order_relaxed);
  for (std::uint64_t word = 0; room && word != m.mark_words(); ++word) {
    if (m.marks[word].load(std::memory_order_relaxed) == 0) continue;
    const std::uint64_t bits = m.marks[word].exchange(0, std::memory_order_acquire);  // (Y2)
    changed += static_cast<unsigned>(std::popcount(bits));
    room = copy_marked(m, word, bits);
  }
  constexpr std::uint64_t few = 64;
  constexpr unsigned enough_passes = 16;
  if (room && changed > few && ++passes_ < enough_passes) return progress::copying;
  if (!room || !still_ours() ||
      !change_standby(map_.view, standby_state::copying, standby_state::ready))
    return give_up(by);
  phase_ = phase::idle;
  return progress::ready;
}

progress standby_copier::copy(writer& by, std::size_t groups) {
  const standby_memory m(map_.view, source_, table_);
  const std::uint64_t end = std::min<std::uint64_t>(source_.groups(), next_ + groups);
  bool room = m && still_ours();
  constexpr std::uint64_t ahead = 4;
  for (; room && next_ != end; ++next_) {
    prefetch_group(m, next_ + ahead);
    room = copy_group(m, next_);
  }
  if (!room) return give_up(by);
  return next_ == source_.groups() ? copy_marks(by) : progress::copying;
}

progress standby_copier::step(std::size_t groups) {
  writer by = begin_care(map_);
  if (phase_ != phase::idle && lease_word(by.context.me) != me_) return give_up(by);
  switch (phase_) {
    case phase::idle:
      return begin(by);
    case phase::clearing:
      return clear(by, groups);
    default:
      return copy(by, groups);
  }
}

bool prepare_standby(handle& map) {
  standby_copier copier(map);
  constexpr std::size_t groups_a_step = 1u << 16;
  // Rule R6: a dirty that always changes faster than it is copied ends as one that could not be
  // copied.
  constexpr unsigned most_steps = 1u << 20;
  for (unsigned i = 0; i != most_steps; ++i) {
    const auto reached = copier.step(groups_a_step);
    if (reached != progress::copying) return reached == progress::ready;
  }
  return false;
}

}  // namespace twinmap::protocol
