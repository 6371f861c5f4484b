// LMDB with text keys and values.

#include "../../rivals/lmdb_table.hpp"
#include "../driver.hpp"

namespace {

class lmdb : public bench::lmdb_table {
 public:
  // A value of over half a page has pages of its own; what a transaction frees is used by the next
  // but one.
  lmdb(const bench::place& where, bench::opening)
      : lmdb_table(where, 2 * where.entry_bytes + 4096, 0) {}

  bool load(std::string_view key, std::string& out) {
    return find(value_of(key), [&out](const void* data, std::size_t bytes) {
      out.assign(static_cast<const char*>(data), bytes);
    });
  }
  void store(std::string_view key, std::string_view value) { put(value_of(key), value_of(value)); }
  void settle(const bench::shapes::text_sequence&) {}

 private:
  static MDB_val value_of(std::string_view text) {
    return {text.size(), const_cast<char*>(text.data())};
  }
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<lmdb>(argc, argv);
}
