// The invariant checker: one for tests, for recovery and for `twinmap check`. Reads only, works on
// a PROT_READ mapping, bounded by the sizes of the mapping (P6).

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/heap_check.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/slot_copy.hpp>
#include <twinmap/protocol/standby.hpp>
#include <twinmap/protocol/step_counter.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>
#include <unordered_map>

namespace twinmap::protocol {

using storage::entry_state;
using storage::entry_word;
using storage::root_word;

namespace {

/// How often each slot stands in each table.
struct slot_marks {
  std::uint8_t read = 0;
  std::uint8_t dirty = 0;
};

/// What one look at the map has shown.
struct inspection {
  check_report report;
  findings found;
};

// The numbers of ordered accesses are those of walk.hpp, but for (V1) of storage/view.hpp.
class checker {
 public:
  checker(const handle& map, const walk_progress& told)
      : map_(map),
        view_(map.view),
        read_{view_.roots->read.load(std::memory_order_acquire)},    // (W1)
        dirty_{view_.roots->dirty.load(std::memory_order_acquire)},  // (W1)
        in_flux_(view_.header->locked.intent_slot.load(std::memory_order_relaxed)),
        heap_(map, report_, found_),
        steps_(told,
               read_.groups() + dirty_.groups() + view_.header->locked.slots_used.load()) {  // (W2)
    const std::uint64_t used =
        view_.header->locked.slots_used.load(std::memory_order_acquire);  // (W2)
    const std::uint64_t committed = view_.resident_slots();
    check_limits();
    if (used == 0 || used > committed)
      found_.add(
          "slots_used is " + std::to_string(used) + ", resident are " + std::to_string(committed),
          used);
    used_ = std::clamp<std::uint64_t>(used, 1, committed);
    marks_.resize(used_);
  }

  inspection run() {
    report_.read_words = walk_table(read_, &slot_marks::read, "read");
    if (dirty_) report_.dirty_words = walk_table(dirty_, &slot_marks::dirty, "dirty");
    if (read_.amended() && !dirty_)
      found_.add_of_tables("read is amended, and there is no dirty", read_.bits);
    for (std::uint64_t number = 1; number < used_; ++number) {
      check_slot(number);
      steps_.step();
    }
    check_free_list();
    heap_.add_table(read_);
    if (dirty_) heap_.add_table(dirty_);
    if (const root_word standby = any_standby(view_)) heap_.add_table(standby);
    heap_.finish();
    const std::uint64_t slots = (used_ - 1 - free_) << view_.slot_shift;
    report_.reachable_bytes += slots;
    report_.used_bytes += slots + (report_.slots_orphaned << view_.slot_shift);
    report_.size = map_.size();
    platform::acquire_fence();  // (W6)
    if (view_.roots->read.load(std::memory_order_relaxed) != read_.bits ||
        view_.roots->dirty.load(std::memory_order_relaxed) != dirty_.bits)  // (W6)
      found_.drop_those_of_tables();
    return {std::move(report_), std::move(found_)};
  }

 private:
  void check_limits() {
    const std::uint64_t seed = view_.seal_seed;
    if (storage::unseal(seed, storage::sealed::slots,
                        view_.roots->slots_committed.load()) == 0)  // (V1)
      found_.add("slots_committed does not agree with its check", 0);
    if (storage::unseal(seed, storage::sealed::chunks,
                        view_.roots->heap_committed.load()) == 0)  // (V1)
      found_.add("heap_committed does not agree with its check", 0);
  }

  template <class Group>
  std::uint64_t walk_words(root_word root, std::uint8_t slot_marks::*mark, const char* name) {
    std::uint64_t named = 0;
    const std::byte* memory = view_.heap.heap + root.offset();
    for (std::uint64_t group = 0; group != root.groups(); ++group) {
      steps_.step();
      storage::for_words_in<Group>(memory + group * storage::group_bytes,
                                   [&](unsigned, storage::index_word word) {
                                     ++named;
                                     check_word<Group>(root, group, word, mark, name);
                                   });
    }
    return named;
  }

  template <class Group>
  void check_word(root_word root, std::uint64_t group, storage::index_word word,
                  std::uint8_t slot_marks::*mark, const char* name) {
    if (found_.enough()) return;
    if (word.slot == 0 || word.slot >= used_)
      return found_.add_of_tables(std::string(name) + " names slot " + std::to_string(word.slot) +
                                      ", handed out are " + std::to_string(used_),
                                  root.bits);
    if (marks_[word.slot].*mark != 0)
      return found_.add_of_tables(
          std::string(name) + " names slot " + std::to_string(word.slot) + " twice",
          view_.slot(word.slot).value.first.load(std::memory_order_relaxed));
    marks_[word.slot].*mark = 1;
    check_place<Group>(root, group, word, name);
  }

  /// The word's tag is the key's, and no group between its home and its place has an empty word.
  /// That one very far from home should be there is believed: to walk all the way from each word of
  /// a damaged table would take for ever.
  template <class Group>
  void check_place(root_word root, std::uint64_t group, storage::index_word word,
                   const char* name) {
    const std::uint64_t slot = word.slot;
    if (copy_slot(view_, slot, false, copy_) != copied::yes ||
        copy_.word().state() == entry_state::free)
      return;
    const bytes key = copy_.key.view();
    const std::uint64_t hash = view_.hash(key.data(), key.size());
    if (storage::tag_of(hash) != word.tag)
      found_.add_of_tables(
          std::string(name) + ": the tag of slot " + std::to_string(slot) + " is not its key's",
          copy_.word().bits);
    const std::byte* memory = view_.heap.heap + root.offset();
    std::uint64_t at = storage::home_group(static_cast<std::uint32_t>(hash), root.groups());
    constexpr std::uint64_t far = 256;
    for (std::uint64_t steps = 0; at != group && steps != far; ++steps) {
      if (storage::match_empty<Group>(memory + at * storage::group_bytes) != 0) {
        found_.add_of_tables(
            std::string(name) + ": slot " + std::to_string(slot) + " lies behind an empty word",
            copy_.word().bits);
        return;
      }
      at = at + 1 == root.groups() ? 0 : at + 1;
    }
  }

  std::uint64_t walk_table(root_word root, std::uint8_t slot_marks::*mark, const char* name) {
    const std::uint64_t start = root.offset();
    if (root.groups() == 0 || !view_.heap_ok(start, root.groups() * storage::group_bytes)) {
      found_.add_of_tables(std::string("the root of ") + name + " leads outside the heap",
                           root.bits);
      return 0;
    }
    return root.wide() ? walk_words<storage::wide_group>(root, mark, name)
                       : walk_words<storage::narrow_group>(root, mark, name);
  }

  void check_slot(std::uint64_t number) {
    ++report_.slots_checked;
    const std::string name = "slot " + std::to_string(number);
    if (copy_slot(view_, number, false, copy_) != copied::yes)
      return found_.add(name + " does not hold still, or its key is lost",
                        view_.slot(number).value.first.load(std::memory_order_relaxed));
    const entry_word word = copy_.word();
    const slot_marks& mark = marks_[number];
    const bool in_dirty = !dirty_ || mark.dirty != 0;
    const bool indexed = in_dirty && (read_.amended() || mark.read != 0);
    switch (word.state()) {
      case entry_state::free:
        ++free_;
        if (number != in_flux_ && (mark.read != 0 || mark.dirty != 0))
          found_.add_of_tables(name + " is free and in a table", word.bits);
        if ((copy_.pair.second & storage::listed_bit) == 0) ++report_.slots_orphaned;
        return;
      case entry_state::expunged:
        if (number != in_flux_ && mark.dirty != 0)
          found_.add_of_tables(name + " is expunged and in dirty", word.bits);
        break;
      case entry_state::live_inline:
      case entry_state::live_block:
        ++report_.live;
        [[fallthrough]];
      case entry_state::nil:
        if (!indexed)
          found_.add_of_tables(
              name + (word.live() ? " is live" : " is nil") + " and not in the current table",
              word.bits);
        check_unique(number);
        break;
      default:
        return found_.add(name + " has state " + std::to_string(static_cast<int>(word.state())),
                          word.bits);
    }
    check_identity(number, name);
  }

  void check_identity(std::uint64_t number, const std::string& name) {
    const bytes key = copy_.key.view();
    const entry_word word = copy_.word();
    const auto low = static_cast<std::uint32_t>(view_.hash(key.data(), key.size()));
    if (low != view_.slot_hash(number).load(std::memory_order_relaxed))
      found_.add(name + " has a key and another hash", word.bits);
    if (copy_.meta.birth() >= view_.header->locked.births.load(std::memory_order_acquire))  // (W3)
      found_.add(name + " was born in the future", word.bits);
    if (word.state() == entry_state::live_block)
      heap_.add_block(storage::block_ref{copy_.pair.second}, number, word);
    if (word.state() == entry_state::live_inline &&
        word.inline_length() > storage::inline_value_bytes)
      found_.add(
          name + " has an inline value of " + std::to_string(word.inline_length()) + " bytes",
          word.bits);
    if (key.size() > view_.key_capacity)
      heap_.add_block(storage::block_ref{view_.slot(number).key.load(std::memory_order_relaxed)},
                      number, word);
  }

  /// One key, one slot that is live or nil (rule R4).
  void check_unique(std::uint64_t number) {
    const bytes key = copy_.key.view();
    std::string text(reinterpret_cast<const char*>(key.data()), key.size());
    const auto [found, fresh] = keys_.emplace(std::move(text), number);
    if (!fresh)
      found_.add("slots " + std::to_string(found->second) + " and " + std::to_string(number) +
                     " have the same key",
                 copy_.word().bits);
  }

  void check_free_list() {
    std::uint64_t length = 0;
    bool flux_met = false;
    std::uint64_t slot = view_.header->locked.free_head.load(std::memory_order_acquire);  // (W5)
    // Whoever adds a slot to the list, or takes one, changes the head or the word of the one at it.
    std::uint64_t head = slot;
    if (slot < used_) head += view_.slot(slot).value.first.load(std::memory_order_relaxed);
    for (; slot != 0 && length <= used_; ++length) {
      if (slot >= used_)
        return found_.add("the free list leads to slot " + std::to_string(slot), head);
      const platform::pair_value seen = load_pair(view_.slot(slot));
      if (entry_word{seen.first}.state() != entry_state::free)
        return found_.add("slot " + std::to_string(slot) + " is in the free list and not free",
                          seen.first);
      flux_met = flux_met || slot == in_flux_;
      slot = static_cast<std::uint32_t>(seen.second);
    }
    if (!flux_met && is_listed(in_flux_)) ++length;
    if (length + report_.slots_orphaned != free_)
      found_.add("the free list has " + std::to_string(length) + " slots, free and listed are " +
                     std::to_string(free_ - report_.slots_orphaned),
                 head);
  }

  /// Free, and linked to the list, whether or not the list has it already, or still.
  [[nodiscard]] bool is_listed(std::uint64_t slot) const {
    if (slot == 0 || slot >= used_) return false;
    const platform::pair_value seen = load_pair(view_.slot(slot));
    return entry_word{seen.first}.state() == entry_state::free &&
           (seen.second & storage::listed_bit) != 0;
  }

  const handle& map_;
  const segment_view& view_;
  root_word read_;
  root_word dirty_;
  /// The slot that the holder of the mutex is about to change, who may be stopped there for long,
  /// or dead: it need not yet be where it belongs, nor have left where it does not.
  std::uint64_t in_flux_;
  check_report report_;
  findings found_;
  heap_check heap_;
  step_counter steps_;
  std::uint64_t used_ = 0;
  std::uint64_t free_ = 0;
  std::vector<slot_marks> marks_;
  std::unordered_map<std::string, std::uint64_t> keys_;
  slot_copy copy_;
};

}  // namespace

check_report check(const handle& map, const walk_progress& told) {
  inspection first = checker(map, told).run();
  if (first.found.none()) return std::move(first.report);
  inspection second = checker(map, told).run();
  second.found.keep_those_in(first.found);
  second.report.findings = second.found.texts();
  return std::move(second.report);
}

}  // namespace twinmap::protocol
