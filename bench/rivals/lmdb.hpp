#pragma once

// LMDB with integer keys and values.

#include <cstring>

#include "lmdb_table.hpp"
#include "resident.hpp"

namespace bench {

class lmdb : public lmdb_table {
 public:
  lmdb(const place& where, opening) : lmdb_table(where, 128, MDB_INTEGERKEY) {}

  bool load(std::uint64_t key, std::uint64_t& out) {
    return find({sizeof key, &key},
                [&out](const void* data, std::size_t) { std::memcpy(&out, data, sizeof out); });
  }
  void store(std::uint64_t key, std::uint64_t value) {
    put({sizeof key, &key}, {sizeof value, &value});
  }
  void settle() {}

  /// Pages of the tree; pages that are free lie in the file too.
  std::uint64_t bytes_used() {
    const MDB_stat tree = numbers();
    return (tree.ms_branch_pages + tree.ms_leaf_pages + tree.ms_overflow_pages) * tree.ms_psize;
  }
  std::uint64_t bytes_resident() const { return resident_bytes(file()); }
};

}  // namespace bench
