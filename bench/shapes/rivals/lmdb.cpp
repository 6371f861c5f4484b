// LMDB with text keys: a write transaction per store, and for each get a read transaction that is
// renewed, so that a get sees what was stored before it, as with every other contestant. No
// syncing, pages written in place: its fastest settings that still let several processes write.

#include <lmdb.h>

#include <stdexcept>

#include "../driver.hpp"

namespace {

void check(int status) {
  if (status != MDB_SUCCESS) throw std::runtime_error(mdb_strerror(status));
}

class lmdb {
 public:
  static constexpr std::string_view name = "lmdb";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  lmdb(const bench::place& where, bench::opening) {
    check(mdb_env_create(&environment_));
    // A value of over half a page has pages of its own; what a transaction frees is used by the
    // next but one.
    const std::size_t entry = 2 * where.entry_bytes + 4096;
    check(mdb_env_set_mapsize(environment_, where.capacity * entry + (std::size_t{64} << 20)));
    const std::string file = (where.directory / where.name).string();
    constexpr unsigned flags = MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC;
    check(mdb_env_open(environment_, file.c_str(), flags, 0600));
    begin_batch();
    check(mdb_dbi_open(writing_, nullptr, 0, &table_));
    end_batch();
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reading_));
    mdb_txn_reset(reading_);
  }
  ~lmdb() {
    mdb_txn_abort(reading_);
    mdb_env_close(environment_);
  }
  lmdb(const lmdb&) = delete;
  lmdb& operator=(const lmdb&) = delete;

  static void remove(const bench::place& where) {
    std::filesystem::remove(where.directory / where.name);
    std::filesystem::remove(where.directory / (where.name + "-lock"));
  }

  bool load(std::string_view key, std::string& out) {
    MDB_val wanted = value_of(key);
    MDB_val found{};
    check(mdb_txn_renew(reading_));
    const int status = mdb_get(reading_, table_, &wanted, &found);
    if (status == MDB_SUCCESS) out.assign(static_cast<const char*>(found.mv_data), found.mv_size);
    mdb_txn_reset(reading_);
    return status == MDB_SUCCESS;
  }
  void store(std::string_view key, std::string_view value) {
    if (batch_) return put(key, value);
    begin_batch();
    put(key, value);
    end_batch();
  }
  std::uint64_t size() {
    MDB_stat numbers{};
    check(mdb_txn_renew(reading_));
    check(mdb_stat(reading_, table_, &numbers));
    mdb_txn_reset(reading_);
    return numbers.ms_entries;
  }
  void settle(const bench::shapes::text_sequence&) {}

  void begin_batch() {
    check(mdb_txn_begin(environment_, nullptr, 0, &writing_));
    batch_ = true;
  }
  void end_batch() {
    batch_ = false;
    check(mdb_txn_commit(writing_));
  }

 private:
  static MDB_val value_of(std::string_view text) {
    return {text.size(), const_cast<char*>(text.data())};
  }
  void put(std::string_view key, std::string_view value) {
    MDB_val where = value_of(key);
    MDB_val what = value_of(value);
    check(mdb_put(writing_, table_, &where, &what, 0));
  }

  MDB_env* environment_ = nullptr;
  MDB_txn* reading_ = nullptr;
  MDB_txn* writing_ = nullptr;
  MDB_dbi table_ = 0;
  bool batch_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<lmdb>(argc, argv);
}
