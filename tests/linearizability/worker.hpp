// One process of a history: calls members of the map, one after the other, and writes each down.
#pragma once

#include "kinds.hpp"
#include "plan.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace linearizability {

template <class Map>
class worker {
 public:
  using key = typename Map::key_type;
  using value = typename Map::mapped_type;

  worker(Map& map, const plan& wanted, book& written, std::uint16_t process, bool read_only)
      : map_(map),
        plan_(wanted),
        book_(written),
        random_(wanted.seed * most_processes + process),
        process_(process),
        read_only_(read_only) {
    for (std::size_t i = 0; i != most_keys; ++i)
      keys_[i] = key_kind<key>::make(i);
  }

  // That many calls. Who is to die does so in one of them, or after.
  void run(std::size_t calls, std::optional<std::size_t> dies_after) {
    const suspender interrupted(random_(), book_.inside);
    while ((book_.calls < calls || dies_after) && book_.has_room()) {
      if (dies_after && book_.calls >= *dies_after) suspender::kill_at_next();
      if (!read_only_ && random_.below(100) < plan_.others_percent) call_on_another_key();
      call(drawn());
      ++book_.calls;
    }
    // Nobody interrupted a call until the book was full.
    if (dies_after) ::kill(::getpid(), SIGKILL);
  }

  // What stands at the end, when nobody else runs.
  void look_at_the_end() {
    for (std::size_t i = 0; i != plan_.keys; ++i)
      load(i);
    for_each(~std::uint64_t{0});
  }

 private:
  member drawn() {
    member what = plan_.draw(random_);
    if (read_only_) what = static_cast<member>(random_.below(4));
    if (what == member::fetch_add && !std::is_arithmetic_v<value>) what = member::update;
    return what;
  }
  void call(member what) {
    ++book_.used_members[static_cast<std::size_t>(what)];
    const bool crowds = random_.below(100) < plan_.crowd_percent;
    const std::size_t i = crowds ? plan_.seed % plan_.keys : random_.below(plan_.keys);
    switch (what) {
      case member::load:
        return load(i);
      case member::contains:
        return contains(i);
      case member::load_many:
        return load_many(1 + random_.below(2 * most_keys));
      case member::for_each:
        return for_each(random_.below(4) == 0 ? 1 + random_.below(plan_.keys) : ~std::uint64_t{0});
      case member::store:
        return store(i);
      case member::load_or_store:
        return load_or_store(i);
      case member::exchange:
        return exchange(i);
      case member::erase:
        return erase(i);
      case member::load_and_erase:
        return load_and_erase(i);
      case member::compare_exchange:
        return compare_exchange(i);
      case member::compare_erase:
        return compare_erase(i);
      case member::fetch_add:
        return fetch_add(i);
      case member::update:
        return update(i);
      case member::clear:
        return clear();
    }
  }

  // A call on one key: `doing` is the call and nothing else, `noting` writes down what it returned.
  template <class Call, class Note>
  void record(operation op, Call doing, Note noting) {
    operation& written = book_.begin(op);
    const auto result = doing();
    const std::uint64_t returned = book::end();
    noting(written, result);
    book_.complete(written, returned);
  }
  operation made(member what, std::size_t i, std::uint64_t number = 0) const {
    operation op;
    op.what = what;
    op.key = static_cast<std::uint8_t>(i);
    op.process = process_;
    op.value = number;
    return op;
  }
  // For an answer that is a value, or none.
  auto noting_value(std::size_t i) {
    return [this, i](operation& op, const std::optional<value>& result) {
      op.seen = number(result);
      latest_[i] = op.seen;
    };
  }
  auto noting_answer() {
    return [](operation& op, bool result) { op.held = result; };
  }
  content number(const std::optional<value>& standing) {
    if (!standing) return std::nullopt;
    const content result = value_kind<value>::number_of(*standing);
    if (!result) book_.fault("a torn value");
    return result;
  }
  std::uint64_t new_number() { return plan_.few_values ? random_.below(4) : random_(); }
  // Mostly what this process saw last.
  std::uint64_t expected_number(std::size_t i) {
    return latest_[i] && random_.below(8) != 0 ? *latest_[i] : new_number();
  }
  static value made_value(std::uint64_t n) { return value_kind<value>::make(n); }

  void load(std::size_t i) {
    if (random_.below(2) == 0)
      return record(
          made(member::load, i), [&] { return map_.load(keys_[i]); }, noting_value(i));
    bool found = false;
    value out{};
    record(
        made(member::load, i), [&] { return found = map_.load(keys_[i], out); },
        [&](operation& op, bool) {
          op.seen = found ? number(out) : std::nullopt;
          latest_[i] = op.seen;
        });
  }
  void contains(std::size_t i) {
    record(
        made(member::contains, i), [&] { return map_.contains(keys_[i]); }, noting_answer());
  }
  void load_many(std::size_t count) {
    std::vector<std::size_t> wanted(count);
    std::vector<typename Map::lookup_key> asked;
    for (std::size_t& i : wanted) {
      i = random_.below(plan_.keys);
      asked.push_back(keys_[i]);
    }
    std::vector<std::optional<value>> out(count);
    suspender::enter();
    const std::uint64_t invoked = stamp();
    const std::size_t found = map_.load_many(asked, out);
    const std::uint64_t returned = book::end();
    std::size_t present = 0;
    for (std::size_t at = 0; at != count; ++at) {
      present += out[at].has_value();
      write_down(member::load_many, wanted[at], invoked, returned, number(out[at]));
    }
    if (found != present) book_.fault("load_many counts others than it found");
  }
  void write_down(member what, std::size_t i, std::uint64_t invoked, std::uint64_t returned,
                  const content& seen) {
    operation op = made(what, i);
    op.invoked = invoked;
    op.returned = returned;
    op.seen = seen;
    book_.append(op);
    book_.publish();
  }
  // Stops at visit `last`; if it does not come to that, it has come to the end.
  void for_each(std::uint64_t last) {
    std::array<bool, most_keys> visited{};
    std::uint64_t visits = 0;
    suspender::enter();
    const std::uint64_t invoked = stamp();
    map_.for_each([&](const key& k, const value& v) {
      const std::uint64_t now = stamp();
      const std::uint64_t i = key_kind<key>::number_of(k);
      if (i >= first_other) return true;
      if (i >= plan_.keys || visited[i]) {
        book_.fault("for_each visits a key twice, or one that nobody stored");
        return false;
      }
      visited[i] = true;
      write_down(member::for_each, i, invoked, now, number(v));
      return ++visits != last;
    });
    const std::uint64_t returned = book::end();
    for (std::size_t i = 0; i != plan_.keys && visits < last; ++i)
      if (!visited[i]) write_down(member::for_each, i, invoked, returned, std::nullopt);
  }

  void store(std::size_t i) {
    const std::uint64_t n = new_number();
    const value v = made_value(n);
    record(
        made(member::store, i, n), [&] { return map_.store(keys_[i], v), true; },
        [&](operation&, bool) { latest_[i] = n; });
  }
  void load_or_store(std::size_t i) {
    const std::uint64_t n = new_number();
    const value v = made_value(n);
    record(
        made(member::load_or_store, i, n), [&] { return map_.load_or_store(keys_[i], v); },
        [&](operation& op, const std::pair<value, bool>& result) {
          op.seen = number(result.first);
          op.held = result.second;
          latest_[i] = op.seen;
        });
  }
  void exchange(std::size_t i) {
    const std::uint64_t n = new_number();
    const value v = made_value(n);
    record(
        made(member::exchange, i, n), [&] { return map_.exchange(keys_[i], v); }, noting_value(i));
  }
  void erase(std::size_t i) {
    record(
        made(member::erase, i), [&] { return map_.erase(keys_[i]); }, noting_answer());
  }
  void load_and_erase(std::size_t i) {
    record(
        made(member::load_and_erase, i), [&] { return map_.load_and_erase(keys_[i]); },
        noting_value(i));
  }
  void compare_exchange(std::size_t i) {
    operation op = made(member::compare_exchange, i, new_number());
    op.expected = expected_number(i);
    const value from = made_value(op.expected);
    const value to = made_value(op.value);
    record(
        op, [&] { return map_.compare_exchange(keys_[i], from, to); }, noting_answer());
    latest_[i] = op.value;
  }
  void compare_erase(std::size_t i) {
    operation op = made(member::compare_erase, i);
    op.expected = expected_number(i);
    const value from = made_value(op.expected);
    record(
        op, [&] { return map_.compare_erase(keys_[i], from); }, noting_answer());
  }
  void fetch_add(std::size_t i) {
    if constexpr (std::is_arithmetic_v<value>) {
      const std::uint64_t n = new_number();
      record(
          made(member::fetch_add, i, n), [&] { return std::optional(map_.fetch_add(keys_[i], n)); },
          noting_value(i));
    }
  }
  void update(std::size_t i) {
    const std::uint64_t n = new_number();
    content given;
    const auto change = [&](const std::optional<value>& standing) -> std::optional<value> {
      given = number(standing);
      const content next = updated(given, n);
      return next ? std::optional(made_value(*next)) : std::nullopt;
    };
    record(
        made(member::update, i, n), [&] { return map_.update(keys_[i], change); },
        [&](operation& op, const std::optional<value>& result) {
          op.seen = given;
          latest_[i] = number(result);
          if (latest_[i] != updated(given, n))
            book_.fault("update returns another value than its function");
        });
  }
  void clear() {
    const auto first = book_.operations().size();
    suspender::enter();
    const std::uint64_t invoked = stamp();
    for (std::size_t i = 0; i != plan_.keys; ++i)
      write_down(member::clear, i, invoked, never, std::nullopt);
    map_.clear();
    const std::uint64_t returned = book::end();
    for (std::size_t i = 0; i != plan_.keys; ++i)
      book_.complete(book_.at(first + i), returned);
  }

  // New keys amend read, have dirty built and grown; their slots are used again.
  void call_on_another_key() {
    const std::uint64_t n = first_other + process_ * 1'000 + random_.below(40);
    if (random_.below(2) == 0)
      map_.store(key_kind<key>::make(n), made_value(n));
    else
      map_.erase(key_kind<key>::make(n));
  }

  Map& map_;
  const plan& plan_;
  book& book_;
  test_maps::random_source random_;
  std::array<key, most_keys> keys_;
  std::array<content, most_keys> latest_{};
  std::uint16_t process_;
  bool read_only_;
};

}  // namespace linearizability
