#include <twinmap/protocol/handle.hpp>

#include <twinmap/platform/cancel_guard.hpp>
#include <twinmap/platform/take_name.hpp>
#include <twinmap/protocol/create.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

namespace twinmap::protocol {

/// The steps of attaching; a friend of handle, so that the class itself stays what users see.
struct attachment {
  /// With `created` the file gets its name on the way. Null if that is taken.
  static std::unique_ptr<handle> make(const attach_request& request, platform::segment_file file,
                                      const storage::header_constant& header, bool created);
  static void open_locks(handle& map, const storage::header_constant& header);
};

namespace {

/// The header as it is now, in private memory: what is checked is what is used, whatever happens to
/// the segment (rule R6).
storage::header_constant copy_header(const platform::segment_file& file) {
  storage::header_constant header;
  std::memcpy(&header, file.base(), sizeof header);
  return header;
}

std::string_view name_of(const storage::type_descriptor& type) {
  return {type.name.data(), type.name_length};
}

void check_type(const type_request& asked, const storage::type_descriptor& found, const char* what,
                const std::string& map) {
  if (asked.name.empty()) return;
  if (asked.name != name_of(found))
    raise(errc::type_mismatch, map,
          std::string("the ") + what + " type is \"" + std::string(name_of(found)) +
              "\", asked for \"" + asked.name + '"');
  if (asked.size != found.size)
    raise(errc::type_mismatch, map,
          std::string("the ") + what + " type \"" + asked.name + "\" has " +
              std::to_string(found.size) + " bytes there and " + std::to_string(asked.size) +
              " here");
}

/// What the creator decided replaces what this process asked for: options() tells what is in force.
void adopt_options(attach_request& request, const storage::header_constant& header) {
  request.max_bytes = header.file_size;
  request.max_entries = header.max_entries;
  request.slot_bytes = 1u << header.slot_shift;
  request.max_writers = header.max_writers;
  request.owner = {static_cast<mode_t>(header.mode), static_cast<gid_t>(header.group)};
  request.huge_pages = header.huge_pages != 0;
  request.hash_mask = header.hash_mask;
  request.key = {std::string(name_of(header.key_type)), header.key_type.size};
  request.value = {std::string(name_of(header.value_type)), header.value_type.size};
}

/// A file and the copy of its header that was checked.
struct checked_segment {
  platform::segment_file file;
  storage::header_constant header{};
};

checked_segment open_segment(const attach_request& request, const platform::map_location& where) {
  const bool writing = request.mode != attach_mode::open_read_only;
  platform::trust whom = request.whom;
  whom.world_writable_ok = whom.world_writable_ok || (request.owner.mode & 0002) != 0;
  platform::segment_file file = platform::segment_file::open(
      where, writing ? platform::access::read_write : platform::access::read_only, whom);
  if (file.size() < storage::header_bytes)
    raise(errc::corrupted, where.name,
          "the file has " + std::to_string(file.size()) + " bytes, a header alone takes " +
              std::to_string(storage::header_bytes));
  const storage::header_constant header = copy_header(file);
  storage::check_header(header, file.size(), writing, where.name);
  check_type(request.key, header.key_type, "key", where.name);
  check_type(request.value, header.value_type, "value", where.name);
  if (header.huge_pages != 0) file.ask_for_huge_pages();
  return {std::move(file), header};
}

/// What it takes to take the name of a map back from which its creator was kept after he had given
/// it: no memory, no descriptor and no lock that he has not got before.
class way_back {
 public:
  explicit way_back(const process_state& state)
      : name_(state.where.segment_path(), state.file.identity()),
        taker_(name_, state.file.descriptor()),
        lock_path_(state.where.lock_path()) {
    if (!taker_.ready()) raise_system(errno, state.where.name, "cannot lock " + name_.path);
    left_over_ =
        platform::unique_descriptor(::open(lock_path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!left_over_ && errno != ENOENT)
      raise_system(errno, state.where.name, "cannot look at " + lock_path_);
  }

  /// Whoever has attached for writing has made the map's lock file: then the name stays. Whoever is
  /// about to finds the map retired, or its name gone, before his first write returns. What a
  /// remover has said meanwhile stays said.
  void go(const segment_view& view) noexcept {
    if (has_lock_file()) return;
    constexpr std::uint32_t by_creator = 2;
    std::atomic<std::uint32_t>& retired = view.header->roots.retired;
    std::uint32_t standing = 0;
    // (X1) A remover's word is not taken back with ours.
    retired.compare_exchange_strong(standing, by_creator, std::memory_order_seq_cst);
    if (!has_lock_file()) {
      const platform::name_taken result = taker_.take();
      if (result == platform::name_taken::by_us || result == platform::name_taken::by_another)
        return;
    }
    standing = by_creator;
    retired.compare_exchange_strong(standing, 0, std::memory_order_seq_cst);  // (X1)
  }

 private:
  /// One that was there before the map had its name is none of this map's. It is open, so that its
  /// number is no other file's.
  [[nodiscard]] bool has_lock_file() const noexcept {
    struct stat status;
    if (::lstat(lock_path_.c_str(), &status) != 0) return errno != ENOENT;
    return !platform::is_file(left_over_.get(), platform::identity_from(status));
  }

  const platform::name_of_file name_;
  platform::name_taker taker_;
  const std::string lock_path_;
  platform::unique_descriptor left_over_;
};

}  // namespace

handle::handle() : state_(std::make_unique<process_state>(view)) {}

std::unique_ptr<handle> attachment::make(const attach_request& request, platform::segment_file file,
                                         const storage::header_constant& header, bool created) {
  std::unique_ptr<handle> map(new handle);
  process_state& state = *map->state_;
  state.request = request;
  state.where = {request.name, platform::resolve_directory(request.directory)};
  state.created = created;
  state.file = std::move(file);
  storage::make_view(state.file.base(), header, map->view);
  adopt_options(state.request, header);
  map->miss_batch_ = std::bit_ceil(std::max(request.miss_batch, 1u));
  map->id_ = register_handle(state);
  map->cache_offset_ = map->id_ % thread_cache::lines * sizeof(thread_cache::line);
  map->writable_ = !map->read_only();
  if (!map->writable_) return map;
  if (!created) {
    open_locks(*map, header);
    return map;
  }
  way_back back(state);
  if (!state.file.publish(state.where)) return nullptr;
  try {
    open_locks(*map, header);
  } catch (...) {
    back.go(map->view);
    throw;
  }
  return map;
}

void attachment::open_locks(handle& map, const storage::header_constant& header) {
  process_state& state = *map.state_;
  state.locks = platform::lock_file::open(state.where, state.file, header.uuid, state.request.owner,
                                          state.request.lock_timeout);
  state.leases = {state.file.base() + header.leases.offset, storage::lease_stride,
                  header.max_writers};
  provide_spare_lease(map);
}

namespace {

std::unique_ptr<handle> open_map(const attach_request& request,
                                 const platform::map_location& where) {
  checked_segment found = open_segment(request, where);
  return attachment::make(request, std::move(found.file), found.header, false);
}

/// Null if the name is taken.
std::unique_ptr<handle> create_map(const attach_request& request,
                                   const platform::map_location& where) {
  platform::segment_file file = create_segment(request, where);
  const storage::header_constant header = copy_header(file);
  return attachment::make(request, std::move(file), header, true);
}

}  // namespace

std::unique_ptr<handle> handle::attach(const attach_request& request) {
  const platform::cancel_guard no_cancellation;
  platform::check_name(request.name);
  platform::check_platform(request.name);
  const platform::map_location where{request.name, platform::resolve_directory(request.directory)};
  const bool may_create =
      request.mode == attach_mode::create_only || request.mode == attach_mode::open_or_create;
  const bool may_open = request.mode != attach_mode::create_only;
  // A name may come and go between an open that finds nothing and a create that finds something.
  constexpr int attempts = 100;
  for (int attempt = 0; attempt != attempts; ++attempt) {
    try {
      if (may_open) return open_map(request, where);
    } catch (const error& failure) {
      if (failure.code() != errc::not_found || !may_create) throw;
    }
    try {
      if (auto made = create_map(request, where)) return made;
      if (!may_open) raise(errc::already_exists, request.name, where.segment_path() + " exists");
    } catch (const error& failure) {
      // Removed by somebody before its lock file was there.
      if (failure.code() != errc::not_found) throw;
    }
    std::this_thread::yield();
  }
  raise(errc::already_exists, request.name,
        where.segment_path() + " came and went in each of 100 attempts");
}

handle::~handle() {
  const platform::cancel_guard no_cancellation;  // until all is closed, too
  if (id_ == 0) return;
  unregister_handle(id_);
  const std::lock_guard guard(state_->threads_mutex);
  for (const auto& thread : state_->threads) {
    if (!thread->lease.valid()) continue;
    auto* stacks = reinterpret_cast<storage::private_stacks*>(thread->lease.private_memory());
    state_->blocks.flush({thread->lease.id(), &view.lease(thread->lease.id().slot), stacks});
  }
  if (read_only()) return;
  publish_all();
}

void handle::publish_all() const noexcept {
  const auto publish = [this](std::uint64_t n, storage::counter which) {
    if (n != 0)
      view.header->totals[static_cast<std::size_t>(which)].fetch_add(n, std::memory_order_relaxed);
  };
  const auto publish_set = [&](const lookup_counters& now, const lookup_counters& before) {
    publish(now.hits_read.load() - before.hits_read.load(),  // (N5)
            storage::counter::hits_read);
    publish(now.hits_dirty.load() - before.hits_dirty.load(),  // (N5)
            storage::counter::hits_dirty);
    publish(now.misses.load() - before.misses.load(), storage::counter::misses);     // (N5)
    publish(now.retries.load() - before.retries.load(), storage::counter::retries);  // (N5)
  };
  for (const auto& thread : state_->threads)
    publish_set(thread->counters, thread->published);
}

std::uint64_t handle::size() const noexcept {
  return count_size(view);
}
bool handle::created() const noexcept {
  return state_->created;
}
bool handle::read_only() const noexcept {
  return state_->request.mode == attach_mode::open_read_only;
}
const attach_request& handle::request() const noexcept {
  return state_->request;
}
const std::string& handle::name() const noexcept {
  return state_->request.name;
}

void handle::raise_corrupted(const char* what) const {
  raise(errc::corrupted, name(), what);
}

namespace {

/// Whether it is this process, or the system, that has run out of something.
bool is_shortage(const std::error_code& code) noexcept {
  return code == std::errc::too_many_files_open ||
         code == std::errc::too_many_files_open_in_system || code == std::errc::not_enough_memory;
}

}  // namespace

bool remove(const std::string& name, const std::string& directory) {
  const platform::cancel_guard no_cancellation;
  platform::check_name(name);
  const platform::map_location where{name, platform::resolve_directory(directory)};
  platform::segment_file file;
  try {
    platform::trust anyone;
    anyone.world_writable_ok = true;
    file = platform::segment_file::open(where, platform::access::read_write, anyone);
    auto* header = reinterpret_cast<storage::segment_header*>(file.base());
    if (file.size() >= storage::header_bytes && header->constant.magic == storage::segment_magic) {
      header->roots.retired.store(1, std::memory_order_release);  // (X1)
      header->care.bell.fetch_add(1, std::memory_order_release);  // (X3)
      platform::futex_wake(header->care.bell, std::numeric_limits<int>::max());
    }
  } catch (const error& failure) {
    if (failure.code() == errc::not_found) return false;
    // Another time it can be opened, and those who are attached be told.
    if (is_shortage(failure.code())) throw;
    // What cannot be opened, a damaged file among them, can still be removed by who may write the
    // directory.
  }
  return platform::remove_files(where, file ? file.descriptor() : -1);
}

}  // namespace twinmap::protocol
