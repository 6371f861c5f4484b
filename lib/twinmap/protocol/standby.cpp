#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/standby.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::root_word;

namespace {

standby_state state_of(const segment_view& view) noexcept {
  return static_cast<standby_state>(
      view.header->standby.state.load(std::memory_order_acquire));  // (Y4)
}

bool change_state(const segment_view& view, standby_state from, standby_state to) noexcept {
  auto expected = static_cast<std::uint32_t>(from);
  return view.header->standby.state.compare_exchange_strong(
      expected, static_cast<std::uint32_t>(to), std::memory_order_acq_rel);  // (Y3)
}

/// The memory of two tables and of the marks between them. Empty if any of it leads outside the
/// heap (P6).
struct standby_memory {
  standby_memory(const segment_view& of, root_word from, root_word to) noexcept
      : view(of), source(from), table(to) {
    const std::uint64_t table_bytes = to.groups() * storage::group_bytes;
    const std::uint64_t source_bytes = from.groups() * storage::group_bytes;
    if (from.groups() == 0 || to.groups() == 0 || !view.heap_ok(from.offset(), source_bytes) ||
        !view.heap_ok(to.offset(), table_bytes + mark_words() * sizeof(std::uint64_t)))
      return;
    from_groups = view.heap.heap + from.offset();
    to_groups = view.heap.heap + to.offset();
    marks = reinterpret_cast<std::atomic<std::uint64_t>*>(to_groups + table_bytes);
  }
  explicit operator bool() const noexcept { return marks != nullptr; }
  [[nodiscard]] std::uint64_t mark_words() const noexcept { return (source.groups() + 63) / 64; }
  [[nodiscard]] bool same_shape() const noexcept {
    return source.groups() == table.groups() && source.wide() == table.wide();
  }

  const segment_view& view;
  root_word source;
  root_word table;
  const std::byte* from_groups = nullptr;
  std::byte* to_groups = nullptr;
  std::atomic<std::uint64_t>* marks = nullptr;
};

/// Puts the words of one group into a table of another shape, each once. False if there is no room.
template <class From, class To>
bool place_group(const standby_memory& m, const std::byte* group) noexcept {
  for (unsigned i = 0; i != storage::index_word<From>::per_group; ++i) {
    const From word = storage::load_word<From>(group, i);
    platform::acquire_fence();  // with (T2) of table_words.hpp: the slot's hash is the key's
    const std::uint64_t slot = storage::slot_of<From>(word);
    if (!m.view.slot_ok(slot)) continue;
    const std::uint32_t low = m.view.slot_hash(slot).load(std::memory_order_relaxed);
    bool there = false;
    storage::for_words_of<To>(m.to_groups, m.table.groups(), low, slot,
                              [&there](std::byte*, unsigned) { there = true; });
    if (there) continue;
    const std::uint64_t tag = std::uint64_t{word >> storage::index_word<From>::slot_bits} << 56;
    if (storage::place_word<To>(m.to_groups, m.table.groups(), low,
                                storage::make_word<To>(tag, slot)) == storage::placed::no_room)
      return false;
  }
  return true;
}

template <class From>
void prefetch_hashes(const standby_memory& m, const std::byte* group) noexcept {
  for (unsigned i = 0; i != storage::index_word<From>::per_group; ++i) {
    const std::uint64_t slot = storage::slot_of<From>(storage::load_word<From>(group, i));
    if (m.view.slot_ok(slot)) __builtin_prefetch(&m.view.slot_hash(slot));
  }
}

/// Where words are placed anew, their hashes lie all over memory.
void prefetch_group(const standby_memory& m, std::uint64_t group) noexcept {
  if (group >= m.source.groups() || m.same_shape()) return;
  const std::byte* from = m.from_groups + group * storage::group_bytes;
  if (m.source.wide())
    prefetch_hashes<std::uint64_t>(m, from);
  else
    prefetch_hashes<std::uint32_t>(m, from);
}

bool copy_group(const standby_memory& m, std::uint64_t group) noexcept {
  const std::byte* from = m.from_groups + group * storage::group_bytes;
  if (m.same_shape()) {
    auto* to = reinterpret_cast<std::uint64_t*>(m.to_groups + group * storage::group_bytes);
    for (unsigned i = 0; i != storage::group_bytes / sizeof(std::uint64_t); ++i)
      __atomic_store_n(
          to + i,
          __atomic_load_n(reinterpret_cast<const std::uint64_t*>(from) + i, __ATOMIC_RELAXED),
          __ATOMIC_RELAXED);
    return true;
  }
  if (!m.source.wide())
    return m.table.wide() ? place_group<std::uint32_t, std::uint64_t>(m, from)
                          : place_group<std::uint32_t, std::uint32_t>(m, from);
  return m.table.wide() ? place_group<std::uint64_t, std::uint64_t>(m, from) : false;
}

bool copy_marked(const standby_memory& m, std::uint64_t word, std::uint64_t bits) noexcept {
  for (; bits != 0; bits &= bits - 1) {
    const std::uint64_t group = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
    if (group < m.source.groups() && !copy_group(m, group)) return false;
  }
  return true;
}

standby_memory memory_of_standby(const segment_view& view) noexcept {
  const storage::header_standby& standby = view.header->standby;
  return {view, root_word{standby.source.load(std::memory_order_relaxed)},
          root_word{standby.table.load(std::memory_order_relaxed)}};
}

void release_locked(locked_section& at) noexcept {
  storage::header_standby& standby = at.by.header().standby;
  const std::uint32_t chunk =
      at.view().chunk_of(root_word{standby.table.load(std::memory_order_relaxed)});
  at.locked().retiring.store(chunk + 1, std::memory_order_relaxed);
  standby.state.store(static_cast<std::uint32_t>(standby_state::none), std::memory_order_relaxed);
  release_table_locked(at, chunk);
  at.locked().retiring.store(0, std::memory_order_relaxed);
}

}  // namespace

root_word any_standby(const segment_view& view) noexcept {
  if (state_of(view) == standby_state::none) return {0};
  return {view.header->standby.table.load(std::memory_order_relaxed)};
}

bool is_standby(const segment_view& view, std::uint32_t chunk) noexcept {
  const root_word standby = any_standby(view);
  return standby && view.chunk_of(standby) == chunk;
}

root_word ready_standby(const segment_view& view, root_word source) noexcept {
  const storage::header_standby& standby = view.header->standby;
  const root_word of{standby.source.load(std::memory_order_relaxed)};
  if (state_of(view) != standby_state::ready || !of.same_table(source)) return {0};
  return {standby.table.load(std::memory_order_relaxed)};
}

void mark_standby_locked(locked_section& at, std::uint64_t group) noexcept {
  const standby_state state = state_of(at.view());
  if (state != standby_state::copying && state != standby_state::ready) return;
  const standby_memory m = memory_of_standby(at.view());
  if (!m || group >= m.source.groups()) return drop_standby_locked(at);
  m.marks[group / 64].fetch_or(1ull << (group % 64), std::memory_order_release);  // (Y1)
  at.by.header().standby.marked.fetch_add(1, std::memory_order_relaxed);
}

void drop_standby_locked(locked_section& at) noexcept {
  if (state_of(at.view()) == standby_state::copying &&
      change_state(at.view(), standby_state::copying, standby_state::abandoned))
    return;
  if (state_of(at.view()) == standby_state::ready) release_locked(at);
}

bool complete_standby_locked(locked_section& at, std::uint64_t most) noexcept {
  storage::header_standby& standby = at.by.header().standby;
  if (!ready_standby(at.view(), at.dirty())) return false;
  if (standby.marked.load(std::memory_order_relaxed) > most) return false;
  const standby_memory m = memory_of_standby(at.view());
  if (!m) return false;
  for (std::uint64_t word = 0; word != m.mark_words(); ++word) {
    const std::uint64_t bits = m.marks[word].load(std::memory_order_acquire);
    if (!copy_marked(m, word, bits)) return false;
    // Cleared after the copy: a death in between loses no mark.
    if (bits != 0) m.marks[word].store(0, std::memory_order_relaxed);
  }
  standby.marked.store(0, std::memory_order_relaxed);
  return true;
}

void install_standby_locked(locked_section& at, root_word standby) noexcept {
  storage::header_counts& counts = at.counts();
  const bool same_shape = standby.groups() == at.read().groups();
  const std::uint64_t words = counts.read_words.load(std::memory_order_relaxed);
  counts.dirty_words.store(words, std::memory_order_relaxed);
  counts.dirty_filled.store(same_shape ? counts.read_filled.load(std::memory_order_relaxed) : words,
                            std::memory_order_relaxed);
  at.by.header().standby.state.store(static_cast<std::uint32_t>(standby_state::none),
                                     std::memory_order_release);
}

void release_dead_standby_locked(locked_section& at) {
  const standby_state state = state_of(at.view());
  if (state != standby_state::copying && state != standby_state::abandoned) return;
  if (!lives(at.by.map, at.by.header().standby.copier.load(std::memory_order_relaxed)))
    release_locked(at);
}

standby_copier::~standby_copier() {
  if (!table_) return;
  try {
    writer by = begin_care(map_);
    give_up(by);
  } catch (const error&) {
    // The lease is gone, and the copy is the sweep's.
  }
}

void standby_copier::give_up(writer& by) {
  locked_section at(by);
  storage::header_standby& standby = by.header().standby;
  const bool mine = standby.table.load(std::memory_order_relaxed) == table_.bits &&
                    standby.copier.load(std::memory_order_relaxed) == lease_word(by.context.me);
  const standby_state state = state_of(at.view());
  if (mine && (state == standby_state::copying || state == standby_state::abandoned))
    release_locked(at);
  table_ = {0};
}

bool standby_copier::register_locked(locked_section& at, std::uint32_t first, std::uint32_t count) {
  storage::header_standby& standby = at.by.header().standby;
  release_dead_standby_locked(at);
  at.locked().building.store(first + 1, std::memory_order_relaxed);
  at.by.blocks().chunks().publish_run(first, count, storage::chunk_kind::table);
  const bool wanted = state_of(at.view()) == standby_state::none && at.read().amended() &&
                      at.dirty().bits == source_.bits;
  if (wanted) {
    standby.table.store(table_.bits, std::memory_order_relaxed);
    standby.source.store(source_.bits, std::memory_order_relaxed);
    standby.copier.store(lease_word(at.by.context.me), std::memory_order_relaxed);
    standby.marked.store(0, std::memory_order_relaxed);
    standby.state.store(static_cast<std::uint32_t>(standby_state::copying),
                        std::memory_order_release);
  } else {
    release_table_locked(at, first);
  }
  at.locked().building.store(0, std::memory_order_relaxed);
  return wanted;
}

standby_copier::progress standby_copier::begin(writer& by) {
  const segment_view& view = map_.view;
  source_ = {view.roots->dirty.load(std::memory_order_acquire)};
  if (!source_ || !root_word{view.roots->read.load(std::memory_order_acquire)}.amended())
    return progress::nothing;
  if (ready_standby(view, source_)) return progress::ready;
  // Room for as many inserts as may come before the next promotion: if a quarter of what dirty may
  // take is left, another one of its size; else one for half as many words again: placing each word
  // anew costs ten times what copying lines does, so it should not come soon again.
  const storage::header_counts& counts = view.header->counts;
  const std::uint64_t limit = storage::fill_limit(source_);
  const bool wide = wide_needed(view);
  const bool same_shape = wide == source_.wide() &&
                          counts.dirty_filled.load(std::memory_order_relaxed) <= limit - limit / 4;
  const std::uint64_t named = counts.dirty_words.load(std::memory_order_relaxed);
  const std::uint64_t words = named + named / 2 + 1;
  const std::uint64_t larger =
      wide ? storage::groups_for<std::uint64_t>(words) : storage::groups_for<std::uint32_t>(words);
  const std::uint64_t groups = same_shape ? source_.groups() : larger;
  const std::uint64_t length = groups * storage::group_bytes + (source_.groups() + 63) / 64 * 8;
  if (groups > root_word::max_groups || length > view.constant.file_size) return progress::nothing;
  const auto count =
      static_cast<std::uint32_t>((length + view.heap.chunk_bytes() - 1) >> view.heap.chunk_shift);
  const auto first = by.blocks().chunks().claim(count, by.context.me);
  if (!first) return progress::nothing;
  const std::uint64_t offset = std::uint64_t{*first} << view.heap.chunk_shift;
  auto* words_of_run = reinterpret_cast<std::uint64_t*>(view.heap.heap + offset);
  for (std::uint64_t i = 0; i != length / 8; ++i)
    __atomic_store_n(words_of_run + i, 0, __ATOMIC_RELAXED);
  table_ = root_word::make(offset, groups, wide, source_.generation() + 1);
  next_ = 0;
  passes_ = 0;
  locked_section at(by);
  if (register_locked(at, *first, count)) return progress::copying;
  table_ = {0};
  return progress::nothing;
}

standby_copier::progress standby_copier::step(std::size_t groups) {
  writer by = begin_care(map_);
  if (!table_) {
    const progress begun = begin(by);
    if (begun != progress::copying) return begun;
  }
  const storage::header_standby& standby = by.header().standby;
  const standby_memory m(map_.view, source_, table_);
  const auto still_ours = [&] {
    return m && state_of(map_.view) == standby_state::copying &&
           standby.table.load(std::memory_order_relaxed) == table_.bits;
  };
  const std::uint64_t end = std::min<std::uint64_t>(source_.groups(), next_ + groups);
  bool room = still_ours();
  constexpr std::uint64_t ahead = 4;
  for (; room && next_ != end; ++next_) {
    prefetch_group(m, next_ + ahead);
    room = copy_group(m, next_);
  }
  if (room && next_ != source_.groups()) return progress::copying;
  std::uint64_t changed = 0;
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
  if (room && still_ours() &&
      change_state(map_.view, standby_state::copying, standby_state::ready)) {
    table_ = {0};
    return progress::ready;
  }
  give_up(by);
  return progress::nothing;
}

bool prepare_standby(handle& map) {
  standby_copier copier(map);
  constexpr std::size_t groups_a_step = 1u << 16;
  // R6: a dirty that always changes faster than it is copied ends as one that could not be copied.
  constexpr unsigned most_steps = 1u << 20;
  for (unsigned i = 0; i != most_steps; ++i) {
    const auto reached = copier.step(groups_a_step);
    if (reached != standby_copier::progress::copying)
      return reached == standby_copier::progress::ready;
  }
  return false;
}

}  // namespace twinmap::protocol
