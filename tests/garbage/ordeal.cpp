#include "ordeal.hpp"

#include <cli/typed_text.hpp>
#include <maps/self_verifying.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/bytes_map.hpp>
#include <twinmap/map.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/handle.hpp>
#include <twinmap/protocol/reader.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace garbage_tests {
namespace {

using test_maps::random_source;
using twinmap::detail::map_access;

template <flavour kind>
struct types;
template <>
struct types<flavour::numbers> {
  using map = twinmap::map<std::uint64_t, std::uint64_t>;
  static std::uint64_t key(std::uint64_t i) { return number_key(i); }
  static std::uint64_t value(std::uint64_t i) { return i; }
};
template <>
struct types<flavour::texts> {
  using map = twinmap::map<std::string, std::string>;
  static std::string key(std::uint64_t i) { return text_key(i); }
  static std::string value(std::uint64_t i) {
    return i % 5 == 0 ? std::string(i % 2 == 0 ? 70'000 : 5'000, 'w') : text_value(i);
  }
};

twinmap::options options_for(const image& map) {
  twinmap::options wanted;
  wanted.directory = map.name().directory().string();
  wanted.lock_timeout = std::chrono::milliseconds(2);
  wanted.on_retired = twinmap::on_retired::keep;
  return wanted;
}

// Those that were there, in read and in dirty, and some that never were.
template <flavour kind>
auto keys_to_ask_for() {
  std::vector<decltype(types<kind>::key(0))> keys;
  for (std::uint64_t i = 0; i < most_keys; i += i < 30 ? 1 : 3)
    keys.push_back(types<kind>::key(i));
  for (std::uint64_t i = 0; i != 12; ++i)
    keys.push_back(types<kind>::key(no_key + i));
  return keys;
}

// One attachment, fenced in.
template <class Map>
class attached {
 public:
  template <class Tag>
  attached(Tag tag, const image& what, fence& around, call_log& log) : around_(around) {
    around_.open();
    const std::string& name = what.name().str();
    log.run("attach", [&] { map_.emplace(tag, name, options_for(what)); });
    if (!map_) {
      around_.close_around(nullptr);
      return;
    }
    if (!around_.close_around(map_access::handle(*map_).view.header)) ++log.record().unfenced;
  }
  attached(const attached&) = delete;
  attached& operator=(const attached&) = delete;
  ~attached() {
    map_.reset();
    around_.shut();
  }
  explicit operator bool() const { return map_.has_value(); }
  Map& operator*() { return *map_; }

 private:
  fence& around_;
  std::optional<Map> map_;
};

// How often one lookup starts again.
class retries_of {
 public:
  retries_of(const twinmap::any_map& map, call_record& record)
      : counted_(map_access::handle(map).counters().retries),
        before_(counted_.load()),
        record_(record) {}
  retries_of(const retries_of&) = delete;
  retries_of& operator=(const retries_of&) = delete;
  ~retries_of() {
    record_.most_retries = std::max(record_.most_retries, counted_.load() - before_);
  }

 private:
  const std::atomic<std::uint64_t>& counted_;
  std::uint64_t before_;
  call_record& record_;
};

template <flavour kind>
class lookups {
 public:
  using map_type = typename types<kind>::map;

  explicit lookups(call_log& log) : log_(log), keys_(keys_to_ask_for<kind>()) {
    for (const auto& key : keys_)
      views_.emplace_back(key);
    values_.resize(keys_.size());
  }

  void of_one_key(const map_type& map) {
    const auto each = [&](std::string_view call, auto f) {
      log_.each(call, keys_.size(), [&](std::uint64_t i) {
        const retries_of counted(map, log_.record());
        f(views_[i]);
      });
    };
    each("load", [&](const auto& key) { map.load(key); });
    each("contains", [&](const auto& key) { map.contains(key); });
    each("load into", [&](const auto& key) { map.load(key, value_); });
  }
  void of_all(const map_type& map) {
    log_.run("load_many", [&] { map.load_many(views_, values_); });
    log_.run("load_many of a few",
             [&] { map.load_many(std::span(views_).first(5), std::span(values_).first(5)); });
    log_.run("for_each", [&] { map.for_each([](const auto&, const auto&) {}); });
    log_.run("size", [&] { map.size(); });
  }
  void inspect(const map_type& map) {
    log_.run("stats", [&] { map.stats(true); });
    log_.run("info", [&] { map.info(); });
    log_.run("options", [&] { map.options(); });
    log_.run("retired", [&] { map.retired(); });
    log_.run("check", [&] { twinmap::check(map); });
    log_.run("slots", [&] { twinmap::slots(map, [](const twinmap::slot_info&) { return true; }); });
    log_.run("writers", [&] { twinmap::writers(map); });
    log_.run("heap", [&] { twinmap::heap(map); });
  }

 private:
  call_log& log_;
  std::vector<decltype(types<kind>::key(0))> keys_;
  std::vector<typename map_type::lookup_key> views_;
  std::vector<std::optional<typename map_type::mapped_type>> values_;
  typename map_type::mapped_type value_{};
};

template <flavour kind>
class changes {
 public:
  using map_type = typename types<kind>::map;

  changes(map_type& map, call_log& log, std::uint64_t seed) : map_(map), log_(log), random_(seed) {}

  void some() {
    log_.let_calls_change_the_map(true);
    for (int i = 0; i != 24; ++i)
      one(random_.below(18));
    log_.run("clear", [&] { map_.clear(); });
    one(0);
    one(12);
    log_.let_calls_change_the_map(false);
  }

 private:
  auto key() {
    return types<kind>::key(random_.below(4) == 0 ? no_key + random_.below(50)
                                                  : random_.below(most_keys));
  }
  auto value() { return types<kind>::value(random_.below(400)); }

  void one(std::uint64_t which) {
    const auto k = key();
    const auto v = value();
    switch (which) {
      case 0:
      case 1:
        return call("store", [&] { map_.store(k, v); });
      case 2:
        return call("store of a new key", [&] { map_.store(types<kind>::key(no_key + 99), v); });
      case 3:
        return call("load_or_store", [&] { map_.load_or_store(k, v); });
      case 4:
        return call("exchange", [&] { map_.exchange(k, v); });
      case 5:
        return call("erase", [&] { map_.erase(k); });
      case 6:
        return call("load_and_erase", [&] { map_.load_and_erase(k); });
      case 7:
        return call("compare_exchange",
                    [&] { map_.compare_exchange(k, types<kind>::value(1), v); });
      case 8:
        return call("compare_erase", [&] { map_.compare_erase(k, v); });
      case 9:
        return call("update",
                    [&] { map_.update(k, [&](const auto&) { return std::optional(v); }); });
      default:
        return care(which);
    }
  }
  void care(std::uint64_t which) {
    switch (which) {
      case 10:
        return call("promote", [&] { twinmap::promote(map_); });
      case 11:
        return call("prepare_standby", [&] { twinmap::prepare_standby(map_); });
      case 12:
        return call("sweep", [&] { twinmap::sweep(map_); });
      case 13:
        return call("compact", [&] { twinmap::compact(map_); });
      case 14:
        return call("gather", [&] {
          twinmap::heap_keeper keeper(map_);
          for (int step = 0; step != 100 && keeper.gather_some(1000); ++step) {
          }
          keeper.give_back(std::chrono::nanoseconds(0));
        });
      case 15:
        return call("commit_ahead", [&] { twinmap::commit_ahead(map_, 100'000); });
      case 16:
        return call("a caretaker's work", [&] {
          twinmap::caretaker keeper(map_);
          static_cast<void>(keeper.look());
          keeper.prepare_standby_some(1000);
          keeper.tend();
        });
      default:
        return call("load", [&] { map_.load(key()); });
    }
  }
  template <class F>
  void call(std::string_view what, F f) {
    log_.run(what, f);
  }

  map_type& map_;
  call_log& log_;
  random_source random_;
};

// What the verbs info and dump do, but for writing it anywhere.
void dump(const twinmap::bytes_map& map, call_log& log) {
  log.run("info", [&] { map.info(); });
  log.run("dump", [&] {
    const twinmap::map_info info = map.info();
    const twinmap::cli::named_type key(info.key_type);
    const twinmap::cli::named_type value(info.value_type);
    map.for_each([&](const std::string& k, const std::string& v) {
      using twinmap::cli::text_form;
      const twinmap::cli::json record{{"key", key.to_record(k, text_form::by_type)},
                                      {"value", value.to_record(v, text_form::by_type)}};
      return !record.dump().empty();
    });
  });
}

template <flavour kind>
void endure_as(const image& spoilt, std::uint64_t seed, fence& around, call_log& log) {
  using map_type = typename types<kind>::map;
  lookups<kind> all(log);
  bool refused = true;
  if (attached<map_type> reader(twinmap::open_read_only, spoilt, around, log); reader) {
    refused = false;
    all.of_one_key(*reader);
    all.of_all(*reader);
    all.inspect(*reader);
  }
  if (attached<twinmap::bytes_map> tool(twinmap::open_read_only, spoilt, around, log); tool)
    dump(*tool, log);
  if (attached<map_type> writer(twinmap::open_only, spoilt, around, log); writer) {
    all.of_all(*writer);
    changes<kind>(*writer, log, seed).some();
    all.of_one_key(*writer);
    all.of_all(*writer);
    all.inspect(*writer);
  }
  if (refused) ++log.record().refused;
}

template <flavour kind>
std::uint64_t read_until_as(const image& map, call_log& log, std::atomic<unsigned>& attached,
                            const std::atomic<bool>& done) {
  using map_type = typename types<kind>::map;
  const map_type attached_before(twinmap::open_read_only, map.name().str(), options_for(map));
  ++attached;
  lookups<kind> all(log);
  std::uint64_t rounds = 0;
  for (; !done; ++rounds) {
    all.of_one_key(attached_before);
    all.of_all(attached_before);
    // And who comes later, if the header lets him.
    std::optional<map_type> later;
    log.run("attach",
            [&] { later.emplace(twinmap::open_read_only, map.name().str(), options_for(map)); });
    if (later) all.of_one_key(*later);
  }
  return rounds;
}

}  // namespace

void endure(image& spoilt, const damage& what, std::uint64_t seed, fence& around, call_log& log) {
  call_record& record = log.record();
  for (const edit& one : what.edits) {
    ++record.edits[static_cast<std::size_t>(one.where)];
    ++record.harms[static_cast<std::size_t>(one.what)];
  }
  spoilt.spoil(what, record.words);
  if (spoilt.what().kind == flavour::numbers)
    endure_as<flavour::numbers>(spoilt, seed, around, log);
  else
    endure_as<flavour::texts>(spoilt, seed, around, log);
  if (!spoilt.kept_its_bounds()) log.find("wrote what is nobody's to write");
  spoilt.restore();
  record.images.fetch_add(1, std::memory_order_release);
}

std::uint64_t read_until(const image& map, call_log& log, std::atomic<unsigned>& attached,
                         const std::atomic<bool>& done) {
  return map.what().kind == flavour::numbers
             ? read_until_as<flavour::numbers>(map, log, attached, done)
             : read_until_as<flavour::texts>(map, log, attached, done);
}

}  // namespace garbage_tests
