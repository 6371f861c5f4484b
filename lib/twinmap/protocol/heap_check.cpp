#include <twinmap/protocol/heap_check.hpp>

#include <twinmap/protocol/process_state.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::chunk_entry;
using storage::chunk_kind;
using storage::owner_kind;
using storage::owner_word;

heap_check::heap_check(const handle& map, check_report& report, findings& found)
    : view_(map.view),
      report_(report),
      found_(found),
      chunks_(map.state().blocks.chunks()),
      census_(map),
      named_(std::size_t{chunks_.committed()} << view_.heap.pairs_shift),
      tables_(named_.size() >> view_.heap.pairs_shift) {}

void heap_check::add_table(storage::root_word root) {
  const std::uint64_t length = root.groups() * storage::group_bytes;
  const std::uint64_t least = (length + view_.heap.chunk_bytes() - 1) >> view_.heap.chunk_shift;
  const std::uint32_t first = view_.chunk_of(root);
  if (first + least > tables_.size()) return;  // found while its words were walked
  const chunk_entry head = chunks_.load(first);
  // One that was a standby has its marks behind it: a bit for each of 512 bits and more.
  const std::uint64_t most = least + least / 256 + 1;
  const std::uint64_t count =
      std::clamp<std::uint64_t>(head.number(), least, std::min(most, tables_.size() - first));
  if (head.kind() != chunk_kind::table || head.number() != count)
    found_.add_of_tables(
        "chunk " + std::to_string(first) + " is a root's, and its entry does not say so",
        head.bits);
  for (std::uint64_t i = 0; i != count; ++i)
    tables_[first + i] = true;
  report_.reachable_bytes += count << view_.heap.chunk_shift;
}

void heap_check::add_block(storage::block_ref ref, std::uint64_t slot, storage::entry_word word) {
  const std::string name = "slot " + std::to_string(slot);
  if (ref.owner() >= named_.size() || !view_.block_ok(ref))
    return found_.add(name + " names a block outside the heap", word.bits);
  if (named_[ref.owner()])
    return found_.add(name + " names a block that another slot names too", word.bits);
  named_[ref.owner()] = true;
  const owner_word owner{storage::load_owner(view_.heap.owners[ref.owner()]).first};
  if (owner.kind() == owner_kind::free) found_.add(name + " names a block that is free", word.bits);
  report_.reachable_bytes += view_.heap.block_bytes(ref.length());
}

void heap_check::check_pairs(std::uint32_t chunk, chunk_entry entry) {
  const bool run = entry.kind() == chunk_kind::run;
  const std::uint64_t length = run ? std::uint64_t{entry.number()} << view_.heap.chunk_shift
                                   : storage::granules_of_class(entry.number())
                                         << view_.heap.granule_shift;
  const std::uint32_t pairs = chunks_.pairs_of(chunk, entry);
  if (pairs == 0 && chunks_.load(chunk) == entry)
    found_.add(
        "chunk " + std::to_string(chunk) + " has blocks, and their owner pairs are not resident",
        entry.bits);
  for (std::uint32_t i = 0; i != pairs; ++i) {
    const std::uint32_t index = (chunk << view_.heap.pairs_shift) + i;
    const owner_word owner{storage::load_owner(view_.heap.owners[index]).first};
    if (owner.kind() == owner_kind::free) continue;
    report_.used_bytes += length;
    const bool named = named_[index];
    if (owner.kind() == owner_kind::live) {
      ++report_.blocks_live;
      if (!named) ++report_.blocks_orphaned;
    } else if (!named) {
      ++(census_.dead(owner.lease()) ? report_.blocks_orphaned : report_.blocks_leased);
    }
  }
}

void heap_check::check_tail(std::uint32_t chunk, chunk_entry entry) {
  const bool sane = entry.number() != 0 && entry.number() <= chunk;
  const chunk_entry head = sane ? chunks_.load(chunk - entry.number()) : chunk_entry{0};
  const bool whole = head.kind() == chunk_kind::run || head.kind() == chunk_kind::table;
  if (!whole || head.number() <= entry.number()) report_.used_bytes += view_.heap.chunk_bytes();
}

void heap_check::finish() {
  for (std::uint32_t chunk = 0; chunk != tables_.size(); ++chunk) {
    const chunk_entry entry = chunks_.load(chunk);
    switch (entry.kind()) {
      case chunk_kind::free:
        break;
      case chunk_kind::claimed:
        report_.used_bytes += view_.heap.chunk_bytes();
        break;
      case chunk_kind::tail:
        check_tail(chunk, entry);
        break;
      case chunk_kind::table:
        report_.used_bytes += std::uint64_t{entry.number()} << view_.heap.chunk_shift;
        break;
      case chunk_kind::small:
      case chunk_kind::run:
        if (entry.kind() == chunk_kind::small && entry.number() >= storage::class_count)
          found_.add("chunk " + std::to_string(chunk) + " has size class " +
                         std::to_string(entry.number()),
                     entry.bits);
        else
          check_pairs(chunk, entry);
        break;
      default:
        found_.add("chunk " + std::to_string(chunk) + " is of kind " +
                       std::to_string(static_cast<int>(entry.kind())),
                   entry.bits);
    }
  }
}

}  // namespace twinmap::protocol
