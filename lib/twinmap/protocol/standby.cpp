#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/standby_memory.hpp>

namespace twinmap::protocol {

using storage::root_word;

namespace {

standby_memory memory_of_standby(const segment_view& view) noexcept {
  const storage::header_standby& standby = view.header->standby;
  return {view, root_word{standby.source.load(std::memory_order_relaxed)},
          root_word{standby.table.load(std::memory_order_relaxed)}};
}

}  // namespace

standby_state state_of_standby(const segment_view& view) noexcept {
  return static_cast<standby_state>(
      view.header->standby.state.load(std::memory_order_acquire));  // (Y4)
}

bool change_standby(const segment_view& view, standby_state from, standby_state to) noexcept {
  auto expected = static_cast<std::uint32_t>(from);
  return view.header->standby.state.compare_exchange_strong(
      expected, static_cast<std::uint32_t>(to), std::memory_order_acq_rel);  // (Y3)
}

void release_standby_locked(locked_section& at) noexcept {
  storage::header_standby& standby = at.by.header().standby;
  const std::uint32_t chunk =
      at.view().chunk_of(root_word{standby.table.load(std::memory_order_relaxed)});
  const bool is_root = chunk == at.view().chunk_of(at.read()) ||
                       (at.dirty() && chunk == at.view().chunk_of(at.dirty()));
  if (is_root) {  // scribbled (P6)
    standby.state.store(static_cast<std::uint32_t>(standby_state::none), std::memory_order_relaxed);
    return;
  }
  at.locked().retiring.store(chunk + 1, std::memory_order_relaxed);
  standby.state.store(static_cast<std::uint32_t>(standby_state::none), std::memory_order_relaxed);
  release_table_locked(at, chunk);
  at.locked().retiring.store(0, std::memory_order_relaxed);
}

root_word any_standby(const segment_view& view) noexcept {
  if (state_of_standby(view) == standby_state::none) return {0};
  return {view.header->standby.table.load(std::memory_order_relaxed)};
}

bool is_standby(const segment_view& view, std::uint32_t chunk) noexcept {
  const root_word standby = any_standby(view);
  return standby && view.chunk_of(standby) == chunk;
}

root_word ready_standby(const segment_view& view, root_word source) noexcept {
  const storage::header_standby& standby = view.header->standby;
  const root_word of{standby.source.load(std::memory_order_relaxed)};
  if (state_of_standby(view) != standby_state::ready || !of.same_table(source)) return {0};
  return {standby.table.load(std::memory_order_relaxed)};
}

void mark_standby_locked(locked_section& at, std::uint64_t group) noexcept {
  const standby_state state = state_of_standby(at.view());
  if (state != standby_state::copying && state != standby_state::ready) return;
  const standby_memory m = memory_of_standby(at.view());
  if (!m || group >= m.source.groups()) return drop_standby_locked(at);
  m.marks[group / 64].fetch_or(1ull << (group % 64), std::memory_order_release);  // (Y1)
  at.by.header().standby.marked.fetch_add(1, std::memory_order_relaxed);
}

void drop_standby_locked(locked_section& at) noexcept {
  if (state_of_standby(at.view()) == standby_state::copying &&
      change_standby(at.view(), standby_state::copying, standby_state::abandoned))
    return;
  if (state_of_standby(at.view()) == standby_state::ready) release_standby_locked(at);
}

bool complete_standby_locked(locked_section& at, std::uint64_t most) noexcept {
  storage::header_standby& standby = at.by.header().standby;
  if (!ready_standby(at.view(), at.dirty())) return false;
  if (standby.marked.load(std::memory_order_relaxed) > most) return false;
  const standby_memory m = memory_of_standby(at.view());
  // What a lookup may look through (P1): 128 KiB of marks.
  constexpr std::uint64_t few_words = 1u << 14;
  constexpr std::uint64_t no_lookup = ~0ull;
  if (!m || (most != no_lookup && m.mark_words() > few_words)) return false;
  for (std::uint64_t word = 0; word != m.mark_words(); ++word) {
    const std::uint64_t bits = m.marks[word].load(std::memory_order_acquire);  // (Y6)
    if (!copy_marked(m, word, bits)) return false;
    // Cleared after the copy: a death in between loses no mark.
    if (bits != 0) m.marks[word].store(0, std::memory_order_relaxed);
  }
  standby.marked.store(0, std::memory_order_relaxed);
  return true;
}

void install_standby_locked(locked_section& at, root_word standby) noexcept {
  storage::header_counts& counts = at.counts();
  const bool same_shape =
      standby.groups() == at.read().groups() && standby.wide() == at.read().wide();
  const std::uint64_t words = counts.read_words.load(std::memory_order_relaxed);
  counts.dirty_words.store(words, std::memory_order_relaxed);
  counts.dirty_filled.store(same_shape ? counts.read_filled.load(std::memory_order_relaxed) : words,
                            std::memory_order_relaxed);
  at.by.header().standby.state.store(static_cast<std::uint32_t>(standby_state::none),
                                     std::memory_order_release);  // (Y5)
}

void release_dead_standby_locked(locked_section& at) {
  const standby_state state = state_of_standby(at.view());
  if (state == standby_state::none || state == standby_state::ready) return;
  const std::uint64_t copier = at.by.header().standby.copier.load(std::memory_order_relaxed);
  if (copier == lease_word(at.by.context.me) || !lives(at.by.map, copier))
    release_standby_locked(at);
}

}  // namespace twinmap::protocol
