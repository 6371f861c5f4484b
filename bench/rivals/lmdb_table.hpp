#pragma once

// One table of an LMDB environment, of whatever keys and values: a write transaction per store, and
// for each get a read transaction that is renewed, so that a get sees what was stored before it, as
// with every other contestant. No syncing, pages written in place: its fastest settings that still
// let several processes write.

#include <lmdb.h>

#include <cstddef>
#include <stdexcept>

#include "../rival.hpp"

namespace bench {

class lmdb_table {
 public:
  static constexpr std::string_view name = "lmdb";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  lmdb_table(const lmdb_table&) = delete;
  lmdb_table& operator=(const lmdb_table&) = delete;

  static void remove(const place& where) {
    std::filesystem::remove(where.directory / where.name);
    std::filesystem::remove(where.directory / (where.name + "-lock"));
  }

  std::uint64_t size() { return numbers().ms_entries; }

  void begin_batch() {
    check(mdb_txn_begin(environment_, nullptr, 0, &writing_));
    batch_ = true;
  }
  void end_batch() {
    batch_ = false;
    check(mdb_txn_commit(writing_));
  }

 protected:
  /// `entry_bytes` is what an entry takes at most, `flags` are mdb_dbi_open's.
  lmdb_table(const place& where, std::size_t entry_bytes, unsigned flags)
      : file_(where.directory / where.name) {
    check(mdb_env_create(&environment_));
    check(
        mdb_env_set_mapsize(environment_, where.capacity * entry_bytes + (std::size_t{64} << 20)));
    constexpr unsigned fastest = MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC;
    check(mdb_env_open(environment_, file_.c_str(), fastest, 0600));
    begin_batch();
    check(mdb_dbi_open(writing_, nullptr, flags, &table_));
    end_batch();
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reading_));
    mdb_txn_reset(reading_);
  }
  ~lmdb_table() {
    mdb_txn_abort(reading_);
    mdb_env_close(environment_);
  }

  /// Calls `take(data, bytes)` with the value below `key`; false if there is none.
  template <class F>
  bool find(MDB_val key, F take) {
    MDB_val found{};
    check(mdb_txn_renew(reading_));
    const int status = mdb_get(reading_, table_, &key, &found);
    if (status == MDB_SUCCESS) take(found.mv_data, found.mv_size);
    mdb_txn_reset(reading_);
    return status == MDB_SUCCESS;
  }
  void put(MDB_val key, MDB_val value) {
    if (batch_) return put_in_batch(key, value);
    begin_batch();
    put_in_batch(key, value);
    end_batch();
  }

  MDB_stat numbers() {
    MDB_stat result{};
    check(mdb_txn_renew(reading_));
    check(mdb_stat(reading_, table_, &result));
    mdb_txn_reset(reading_);
    return result;
  }
  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  static void check(int status) {
    if (status != MDB_SUCCESS) throw std::runtime_error(mdb_strerror(status));
  }
  void put_in_batch(MDB_val key, MDB_val value) {
    check(mdb_put(writing_, table_, &key, &value, 0));
  }

  std::filesystem::path file_;
  MDB_env* environment_ = nullptr;
  MDB_txn* reading_ = nullptr;
  MDB_txn* writing_ = nullptr;
  MDB_dbi table_ = 0;
  bool batch_ = false;
};

}  // namespace bench
