#pragma once

// The checker's part about the heap: chunks, owner pairs, and what is reached of them.

#include <twinmap/protocol/findings.hpp>
#include <twinmap/protocol/lease_census.hpp>

namespace twinmap::protocol {

class heap_check {
 public:
  heap_check(const handle& map, check_report& report, findings& found);

  /// A table that a root names, and a block that a slot with this word names.
  void add_table(storage::root_word root);
  void add_block(storage::block_ref ref, std::uint64_t slot, storage::entry_word word);
  /// After everything was added: walks the chunks, compares, and fills in the report.
  void finish();

 private:
  void check_pairs(std::uint32_t chunk, storage::chunk_entry entry);
  void check_tail(std::uint32_t chunk, storage::chunk_entry entry);
  const segment_view& view_;
  check_report& report_;
  findings& found_;
  storage::chunk_table& chunks_;
  lease_census census_;
  std::vector<bool> named_;   ///< owner indexes that slots name
  std::vector<bool> tables_;  ///< chunks of tables that roots name
};

}  // namespace twinmap::protocol
