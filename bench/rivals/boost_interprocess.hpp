#pragma once

// boost::unordered_map in a Boost.Interprocess segment under an interprocess_sharable_mutex: what
// Boost's documentation leads to. In /dev/shm the segment is a managed_shared_memory; in another
// directory a managed_mapped_file.

#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_mapped_file.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_sharable_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/interprocess/sync/sharable_lock.hpp>
#include <boost/unordered_map.hpp>
#include <cstring>

#include "../rival.hpp"
#include "resident.hpp"

namespace bench {

namespace ipc = boost::interprocess;

/// How a segment of either kind is named and removed.
template <class Segment>
struct backing;

template <>
struct backing<ipc::managed_shared_memory> {
  static std::string name(const place& where) { return where.name; }
  static std::filesystem::path file(const place& where) {
    return std::filesystem::path("/dev/shm") / where.name;
  }
  static void remove(const place& where) { ipc::shared_memory_object::remove(name(where).c_str()); }
};

template <>
struct backing<ipc::managed_mapped_file> {
  static std::string name(const place& where) { return (where.directory / where.name).string(); }
  static std::filesystem::path file(const place& where) { return name(where); }
  static void remove(const place& where) { ipc::file_mapping::remove(name(where).c_str()); }
};

template <class Segment>
class boost_interprocess {
 public:
  static constexpr std::string_view name = "boost";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr bool one_lock = true;  // who loads and who stores wait for each other
  static constexpr int most_workers = bench::most_workers;

  boost_interprocess(const place& where, opening how)
      : file_(backing<Segment>::file(where)),
        segment_(open(where, how)),
        mutex_(segment_.template find_or_construct<ipc::interprocess_sharable_mutex>("mutex")()),
        map_(segment_.template find_or_construct<table>("map")(
            0u, boost::hash<std::uint64_t>(), std::equal_to<std::uint64_t>(),
            allocator(segment_.get_segment_manager()))) {}
  static void remove(const place& where) { backing<Segment>::remove(where); }

  bool load(std::uint64_t key, std::uint64_t& out) const {
    const ipc::sharable_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    const auto found = map_->find(key);
    if (found == map_->end()) return false;
    out = found->second;
    return true;
  }
  void store(std::uint64_t key, std::uint64_t value) {
    const ipc::scoped_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    map_->insert_or_assign(key, value);
  }
  std::uint64_t size() const {
    const ipc::sharable_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    return map_->size();
  }
  void settle() {}
  std::uint64_t bytes_used() const { return segment_.get_size() - segment_.get_free_memory(); }
  std::uint64_t bytes_resident() const { return resident_bytes(file_); }

 private:
  using allocator = ipc::allocator<std::pair<const std::uint64_t, std::uint64_t>,
                                   typename Segment::segment_manager>;
  using table = boost::unordered_map<std::uint64_t, std::uint64_t, boost::hash<std::uint64_t>,
                                     std::equal_to<std::uint64_t>, allocator>;

  static Segment open(const place& where, opening how) {
    const std::string segment = backing<Segment>::name(where);
    if (how != opening::create) return Segment(ipc::open_only, segment.c_str());
    // A node takes 48 bytes; growing needs the old and the new buckets at once.
    const std::size_t bytes = where.capacity * 96 + (std::size_t{8} << 20);
    return Segment(ipc::create_only, segment.c_str(), bytes);
  }

  std::filesystem::path file_;
  Segment segment_;
  ipc::interprocess_sharable_mutex* mutex_;
  table* map_;
};

/// Runs `program` with the contestant whose segment is what the directory of the command line asks
/// for.
template <class Program>
int run_boost(int argc, char** argv, Program program) {
  constexpr std::string_view option = "--directory=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(option) && !argument.substr(option.size()).starts_with("/dev/shm")) {
      return program.template operator()<boost_interprocess<ipc::managed_mapped_file>>(argc, argv);
    }
  }
  return program.template operator()<boost_interprocess<ipc::managed_shared_memory>>(argc, argv);
}

}  // namespace bench
