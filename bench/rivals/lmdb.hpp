#pragma once

// LMDB as a map: a write transaction per store, and for each get a read transaction that is
// renewed, so that a get sees what was stored before it, as with every other contestant. Integer
// keys, no syncing, pages written in place: its fastest settings that still let several processes
// write.

#include <lmdb.h>

#include <cstring>
#include <stdexcept>

#include "../rival.hpp"
#include "resident.hpp"

namespace bench {

inline void check_lmdb(int status) {
  if (status != MDB_SUCCESS) throw std::runtime_error(mdb_strerror(status));
}

class lmdb {
 public:
  static constexpr std::string_view name = "lmdb";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  lmdb(const place& where, opening) : file_(where.directory / where.name) {
    check_lmdb(mdb_env_create(&environment_));
    check_lmdb(mdb_env_set_mapsize(environment_, where.capacity * 128 + (std::size_t{64} << 20)));
    constexpr unsigned flags = MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC;
    check_lmdb(mdb_env_open(environment_, file_.c_str(), flags, 0600));
    begin_batch();
    check_lmdb(mdb_dbi_open(writing_, nullptr, MDB_INTEGERKEY, &table_));
    end_batch();
    check_lmdb(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reading_));
    mdb_txn_reset(reading_);
  }
  ~lmdb() {
    mdb_txn_abort(reading_);
    mdb_env_close(environment_);
  }
  lmdb(const lmdb&) = delete;
  lmdb& operator=(const lmdb&) = delete;

  static void remove(const place& where) {
    std::filesystem::remove(where.directory / where.name);
    std::filesystem::remove(where.directory / (where.name + "-lock"));
  }

  bool load(std::uint64_t key, std::uint64_t& out) {
    MDB_val wanted{sizeof key, &key};
    MDB_val found{};
    check_lmdb(mdb_txn_renew(reading_));
    const int status = mdb_get(reading_, table_, &wanted, &found);
    if (status == MDB_SUCCESS) std::memcpy(&out, found.mv_data, sizeof out);
    mdb_txn_reset(reading_);
    return status == MDB_SUCCESS;
  }
  void store(std::uint64_t key, std::uint64_t value) {
    if (batch_) return put(key, value);
    begin_batch();
    put(key, value);
    end_batch();
  }
  std::uint64_t size() {
    MDB_stat numbers{};
    check_lmdb(mdb_txn_renew(reading_));
    check_lmdb(mdb_stat(reading_, table_, &numbers));
    mdb_txn_reset(reading_);
    return numbers.ms_entries;
  }
  void settle() {}

  /// Pages of the tree; pages that are free lie in the file too.
  std::uint64_t bytes_used() {
    MDB_stat numbers{};
    check_lmdb(mdb_txn_renew(reading_));
    check_lmdb(mdb_stat(reading_, table_, &numbers));
    mdb_txn_reset(reading_);
    return (numbers.ms_branch_pages + numbers.ms_leaf_pages + numbers.ms_overflow_pages) *
           numbers.ms_psize;
  }
  std::uint64_t bytes_resident() const { return resident_bytes(file_); }

  void begin_batch() {
    check_lmdb(mdb_txn_begin(environment_, nullptr, 0, &writing_));
    batch_ = true;
  }
  void end_batch() {
    batch_ = false;
    check_lmdb(mdb_txn_commit(writing_));
  }

 private:
  void put(std::uint64_t key, std::uint64_t value) {
    MDB_val where{sizeof key, &key};
    MDB_val what{sizeof value, &value};
    check_lmdb(mdb_put(writing_, table_, &where, &what, 0));
  }

  std::filesystem::path file_;
  MDB_env* environment_ = nullptr;
  MDB_txn* reading_ = nullptr;
  MDB_txn* writing_ = nullptr;
  MDB_dbi table_ = 0;
  bool batch_ = false;
};

}  // namespace bench
