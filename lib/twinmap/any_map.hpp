#pragma once

// What every handle can do whatever the types of its keys and values: come and go, tell about
// itself, and the functions that know maps only by name.

#include <twinmap/error.hpp>
#include <twinmap/options.hpp>
#include <twinmap/protocol/handle.hpp>
#include <twinmap/stats.hpp>

#include <boost/interprocess/creation_tags.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace twinmap {

// How to attach, in Boost.Interprocess's words:
//   create_only     make the map; errc::already_exists if the name is taken
//   open_or_create  attach to the map, making it if there is none
//   open_only       attach; errc::not_found if there is none
//   open_read_only  the same through a PROT_READ mapping (P2): lookups work, mutators throw
//   errc::read_only
using boost::interprocess::create_only;
using boost::interprocess::create_only_t;
using boost::interprocess::open_only;
using boost::interprocess::open_only_t;
using boost::interprocess::open_or_create;
using boost::interprocess::open_or_create_t;
using boost::interprocess::open_read_only;
using boost::interprocess::open_read_only_t;

namespace detail {
struct map_access;

/// What a program's inlined code takes for granted of the compiled library: sizes, and a number
/// that every change raises which they do not show (what a field means, or the order of fields).
inline constexpr std::uint64_t read_path_version = 3;
inline constexpr std::uint64_t header_layout =
    (std::uint64_t{storage::format_version} << 48) | (read_path_version << 32) |
    (sizeof(protocol::handle) << 16) | sizeof(protocol::segment_view);

constexpr protocol::attach_mode mode_of(create_only_t) noexcept {
  return protocol::attach_mode::create_only;
}
constexpr protocol::attach_mode mode_of(open_or_create_t) noexcept {
  return protocol::attach_mode::open_or_create;
}
constexpr protocol::attach_mode mode_of(open_only_t) noexcept {
  return protocol::attach_mode::open_only;
}
constexpr protocol::attach_mode mode_of(open_read_only_t) noexcept {
  return protocol::attach_mode::open_read_only;
}

template <class Tag>
concept attach_tag = requires(Tag tag) {
  mode_of(tag);
};

TWINMAP_EXPORT protocol::attach_request make_request(protocol::attach_mode mode,
                                                     const std::string& name,
                                                     const options& wanted);
/// Raises incompatible_layout if the program was compiled with other headers than the library.
TWINMAP_EXPORT std::unique_ptr<protocol::handle> attach(const protocol::attach_request& request,
                                                        std::uint64_t layout);
[[noreturn]] TWINMAP_EXPORT void raise_not_attached();

/// Runs `f`, turning this library's errors into a code, as the overloads with a last
/// std::error_code& do. What a user's own function throws goes through.
template <class F, class Result>
Result with_code(std::error_code& code, Result otherwise, F&& f) {
  try {
    code.clear();
    return std::forward<F>(f)();
  } catch (const error& e) {
    code = e.code();
    return otherwise;
  }
}
template <class F>
void with_code(std::error_code& code, F&& f) {
  with_code(code, false, [&] {
    f();
    return true;
  });
}

}  // namespace detail

/// The part of `map<Key, T>` and `bytes_map` that needs no types. A handle is one attachment of
/// this process: several threads may use it, and a child after `fork` (P10); move, `close` and
/// destruction need it for themselves. A detached handle (default-constructed, moved from, closed)
/// throws `errc::not_attached` from every member but move, `close` and `operator bool`.
class TWINMAP_EXPORT any_map {
 public:
  any_map(const any_map&) = delete;
  any_map& operator=(const any_map&) = delete;

  /// Whether the handle is attached.
  /// Progress: lock-free.
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// Detaches. The map, its name and everybody else's handles stay. No effect on a detached handle.
  /// Progress: lock-free; unmaps the segment.
  void close() noexcept { handle_.reset(); }

  /// Erases each key born before the call began; keys inserted meanwhile may stay (P8). Nobody's
  /// lookup waits.
  /// Failure: `read_only`, `retired`, `too_many_writers`; what was erased by then stays erased.
  /// Progress: lock-free, O(slots).
  void clear() { attached().clear(); }
  void clear(std::error_code& code) {
    detail::with_code(code, [&] { clear(); });
  }

  /// Keys present. Exact when nothing runs; each killed operation may put it off by one until the
  /// next sweep.
  /// Progress: lock-free, O(writers).
  std::uint64_t size() const { return attached().size(); }
  bool empty() const { return size() == 0; }

  /// Counters and state. With `by_state` every entry slot is looked at for its state, O(slots);
  /// without it the four `entries_<state>` fields are 0.
  /// Progress: lock-free.
  map_stats stats(bool by_state = true) const;

  /// What the map is, as recorded in the segment.
  /// Progress: lock-free; makes system calls.
  map_info info() const;

  /// The options in force: the first group as the map's creator said, the second as this handle was
  /// told.
  /// Progress: lock-free.
  twinmap::options options() const;

  /// The name as it was given to the constructor.
  /// Progress: lock-free.
  const std::string& name() const { return attached().name(); }

  /// True in the one handle whose constructor made the map.
  /// Progress: lock-free.
  bool created() const { return attached().created(); }

  /// True if attached with `open_read_only`.
  /// Progress: lock-free.
  bool read_only() const { return attached().read_only(); }

  /// True once somebody removed the map's name. Lookups go on; mutators follow
  /// `options().on_retired`.
  /// Progress: lock-free.
  bool retired() const { return attached().retired(); }

  /// The same as `twinmap::remove`.
  static bool remove(const std::string& name, const twinmap::options& where = {});
  static bool remove(const std::string& name, const twinmap::options& where, std::error_code& code);

 protected:
  any_map() noexcept = default;
  explicit any_map(std::unique_ptr<protocol::handle> handle) noexcept
      : handle_(std::move(handle)) {}
  any_map(any_map&&) noexcept = default;
  any_map& operator=(any_map&&) noexcept = default;
  ~any_map() = default;

  protocol::handle& attached() const {
    if (handle_ == nullptr) [[unlikely]]
      detail::raise_not_attached();
    return *handle_;
  }

 private:
  friend struct detail::map_access;
  std::unique_ptr<protocol::handle> handle_;
};

/// Removes a map's name and files. False if there was no such map. The name is free at once;
/// attached handles go on reading, and their mutators follow `on_retired`. Of the options only
/// `directory` counts.
/// Failure: `invalid_name`, `permission_denied`.
/// Progress: system calls; waits for nobody.
TWINMAP_EXPORT bool remove(const std::string& name, const options& where = {});
TWINMAP_EXPORT bool remove(const std::string& name, const options& where, std::error_code& code);

/// Whether there is a file for a map of that name. Of the options only `directory` counts.
/// Failure: `invalid_name`.
/// Progress: system calls; waits for nobody.
TWINMAP_EXPORT bool exists(const std::string& name, const options& where = {});

/// The maps of a directory, by name. Files that are no maps are passed over; a map that cannot be
/// read is listed with the reason in `error`.
/// Failure: `not_found` if there is no such directory, `permission_denied`.
/// Progress: attaches read-only to one map after another; waits for nobody.
TWINMAP_EXPORT std::vector<map_info> list(const options& where = {});

}  // namespace twinmap
