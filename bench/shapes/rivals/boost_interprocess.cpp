// boost::unordered_map of Boost.Interprocess strings in one segment with them, under an
// interprocess_sharable_mutex. The segment is a managed_mapped_file, which in /dev/shm is the same
// memory as a managed_shared_memory.

#include <boost/container/string.hpp>
#include <boost/container_hash/hash.hpp>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_mapped_file.hpp>
#include <boost/interprocess/sync/interprocess_sharable_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/interprocess/sync/sharable_lock.hpp>
#include <boost/unordered_map.hpp>

#include "../driver.hpp"

namespace {

namespace ipc = boost::interprocess;

class boost_interprocess {
 public:
  static constexpr std::string_view name = "boost";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  boost_interprocess(const bench::place& where, bench::opening how)
      : segment_(open(where, how)),
        mutex_(segment_.find_or_construct<ipc::interprocess_sharable_mutex>("mutex")()),
        map_(segment_.find_or_construct<table>("map")(0u, text_hash(), text_equal(),
                                                      segment_.get_segment_manager())) {}
  static void remove(const bench::place& where) {
    ipc::file_mapping::remove(file_of(where).c_str());
  }

  bool load(std::string_view key, std::string& out) const {
    const ipc::sharable_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    const auto found = map_->find(key, text_hash(), text_equal());
    if (found == map_->end()) return false;
    out.assign(found->second.data(), found->second.size());
    return true;
  }
  void store(std::string_view key, std::string_view value) {
    const ipc::scoped_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    const auto found = map_->find(key, text_hash(), text_equal());
    if (found != map_->end()) {
      found->second.assign(value.data(), value.size());
      return;
    }
    const allocator<char> from = segment_.get_segment_manager();
    map_->emplace(text(key.data(), key.size(), from), text(value.data(), value.size(), from));
  }
  std::uint64_t size() const {
    const ipc::sharable_lock<ipc::interprocess_sharable_mutex> lock(*mutex_);
    return map_->size();
  }
  void settle(const bench::shapes::text_sequence&) {}

 private:
  template <class T>
  using allocator = ipc::allocator<T, ipc::managed_mapped_file::segment_manager>;
  using text = boost::container::basic_string<char, std::char_traits<char>, allocator<char>>;

  static std::string_view view_of(const text& from) { return {from.data(), from.size()}; }
  static std::string_view view_of(std::string_view from) { return from; }

  struct text_hash {
    std::size_t operator()(const auto& from) const {
      const std::string_view view = view_of(from);
      return boost::hash_range(view.begin(), view.end());
    }
  };
  struct text_equal {
    bool operator()(const auto& one, const auto& other) const {
      return view_of(one) == view_of(other);
    }
  };
  using table = boost::unordered_map<text, text, text_hash, text_equal,
                                     allocator<std::pair<const text, text>>>;

  static std::string file_of(const bench::place& where) {
    return (where.directory / where.name).string();
  }
  static ipc::managed_mapped_file open(const bench::place& where, bench::opening how) {
    if (how != bench::opening::create) return {ipc::open_only, file_of(where).c_str()};
    // Two strings and a node take about 128 bytes beside what they hold.
    const std::size_t bytes = where.capacity * (where.entry_bytes + 256) + (std::size_t{16} << 20);
    return {ipc::create_only, file_of(where).c_str(), bytes};
  }

  ipc::managed_mapped_file segment_;
  ipc::interprocess_sharable_mutex* mutex_;
  table* map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<boost_interprocess>(argc, argv);
}
