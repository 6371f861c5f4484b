#include <time.h>

#include <array>
#include <limits>
#include <string>
#include <unordered_set>

#include "crew.hpp"
#include "sight.hpp"

namespace soak {
namespace {

constexpr token nobodys{std::numeric_limits<std::uint64_t>::max()};

class writer {
 public:
  writer(soak_map& map, book& shared, std::size_t me, std::uint64_t seed)
      : map_(map), book_(shared), me_(me), mine_(shared.of[me]), random_(seed), sight_(shared) {}

  void step() {
    const std::uint64_t dice = random_.below(20'000);
    if (dice == 0)
      clear();
    else if (dice < 40)
      walk();
    else if (dice < 200)
      look_many_up();
    else if (dice < 5000)
      share();
    else
      change(random_.below(places));
    mine_.calls.store(mine_.calls + 1, std::memory_order_relaxed);
    if (random_.below(32) == 0) rest();
  }

 private:
  // What a call saw of the key before its change, if it tells, and what stands after it.
  struct result {
    std::optional<token> before;
    token after;
  };

  void rest() {
    const timespec pause{0, static_cast<long>(random_.below(400'000))};
    ::nanosleep(&pause, nullptr);
  }

  token new_token(std::uint64_t key) {
    const std::uint64_t count = mine_.tokens + 1;
    mine_.tokens = count;
    return token::make(me_, key, count);
  }

  void change(std::size_t place) {
    record& known = mine_.known[place];
    const token standing{known.standing};
    // A key that is gone makes room for one that never was, or comes back.
    if (standing.bits == 0 && random_.below(4) != 0)
      mine_.number[place] = (mine_.number[place] / places + 1) * places + place;
    const std::uint64_t key = key_of(me_, mine_.number[place]);
    const std::uint64_t kind = random_.below(10);
    const bool erases = kind >= 6 && kind < 9;
    const token leaves = kind == 9 ? standing : erases ? token{} : new_token(key);
    const std::uint64_t completed = book_.cleared.completed;
    const std::uint64_t over = book_.cleared.over;
    mine_.leaves = leaves.bits;
    mine_.doing = place + 1;
    const result got = call(kind, key, standing, leaves);
    if (got.before) hold_against(key, known, *got.before, completed);
    known.set(got.after, over, book_.cleared.begun);
    mine_.doing = 0;
  }

  result call(std::uint64_t kind, std::uint64_t key, token standing, token leaves) {
    make_value(leaves, value_);
    make_value(standing, expected_);
    switch (kind) {
      case 0:
      case 1:
        map_.store(key, value_);
        return {{}, leaves};
      case 2:
        return {seen(key, map_.exchange(key, value_)), leaves};
      case 3: {
        const auto [stands, loaded] = map_.load_or_store(key, value_);
        const token now = seen(key, stands);
        return {loaded ? now : token{}, now};
      }
      case 4:
        return compare_exchange(key, standing, leaves);
      case 5:
        return update(key, leaves);
      case 6:
        return {map_.erase(key) ? or_nobodys(standing) : token{}, {}};
      case 7:
        return {seen(key, map_.load_and_erase(key)), {}};
      case 8:
        // Of a key that is absent nothing is what is expected.
        return {map_.compare_erase(key, standing.bits == 0 ? "never" : expected_)
                    ? or_nobodys(standing)
                    : token{},
                {}};
      default: {
        const token now = seen(key, map_.load(key));
        return {now, now};
      }
    }
  }

  result compare_exchange(std::uint64_t key, token standing, token leaves) {
    if (map_.compare_exchange(key, "never", value_))
      book_.complain("a compare_exchange of what never stood changed key " + std::to_string(key));
    const bool done = standing.bits != 0 && map_.compare_exchange(key, expected_, value_);
    return done ? result{standing, leaves} : result{token{}, {}};
  }

  result update(std::uint64_t key, token leaves) {
    token before;
    map_.update(key, [&](const std::optional<std::string>& old) {
      before = seen(key, old);
      return std::optional<std::string>(value_);
    });
    return {before, leaves};
  }

  // What a call must have erased that says it has.
  static token or_nobodys(token standing) { return standing.bits == 0 ? nobodys : standing; }

  token seen(std::uint64_t key, const std::optional<std::string>& value) {
    return sight_.look(key, value).value_or(nobodys);
  }

  void hold_against(std::uint64_t key, const record& known, token before, std::uint64_t completed) {
    if (judge(known, before, completed, book_.cleared) != verdict::wrong) return;
    book_.complain("writer " + std::to_string(me_) + " found token " + std::to_string(before.bits) +
                   " under key " + std::to_string(key) + ", where it had left " +
                   std::to_string(known.standing));
  }

  // A key of all writers.
  void share() {
    const std::uint64_t key = shared_key(random_.below(shared_keys));
    make_value(new_token(key), value_);
    switch (random_.below(6)) {
      case 0:
        map_.store(key, value_);
        break;
      case 1:
        seen(key, map_.exchange(key, value_));
        break;
      case 2:
        map_.erase(key);
        break;
      case 3:
        if (const auto old = map_.load(key)) {
          seen(key, old);
          map_.compare_exchange(key, *old, value_);
        }
        break;
      case 4:
        seen(key, map_.load_or_store(key, value_).first);
        break;
      default:
        seen(key, map_.load(key));
    }
  }

  void look_many_up() {
    std::array<std::uint64_t, 32> keys;
    std::array<std::size_t, keys.size()> at;
    for (std::size_t i = 0; i != keys.size(); ++i) {
      at[i] = random_.below(places);
      keys[i] = key_of(me_, mine_.number[at[i]]);
    }
    std::array<std::optional<std::string>, keys.size()> found;
    const std::uint64_t completed = book_.cleared.completed;
    map_.load_many(keys, found);
    for (std::size_t i = 0; i != keys.size(); ++i)
      hold_against(keys[i], mine_.known[at[i]], seen(keys[i], found[i]), completed);
  }

  // No key comes twice, and each of mine that stands comes, unless somebody clears.
  void walk() {
    const std::uint64_t completed = book_.cleared.completed;
    std::unordered_set<std::uint64_t> visited;
    map_.for_each([&](std::uint64_t key, const std::string& value) {
      const token now = seen(key, value);
      if (!visited.insert(key).second)
        book_.complain("for_each came to key " + std::to_string(key) + " twice");
      if (key >> 40 != me_) return;
      const std::size_t place = key % places;
      if (key != key_of(me_, mine_.number[place]))
        book_.complain("key " + std::to_string(key) + " was erased, and stands");
      else
        hold_against(key, mine_.known[place], now, completed);
    });
    for (std::size_t place = 0; place != places; ++place) {
      const std::uint64_t key = key_of(me_, mine_.number[place]);
      if (!visited.contains(key)) hold_against(key, mine_.known[place], {}, completed);
    }
    ++book_.walks;
  }

  void clear() {
    std::uint32_t nobody = 0;
    clears& all = book_.cleared;
    if (!all.by.compare_exchange_strong(nobody, static_cast<std::uint32_t>(me_ + 1))) return;
    all.begun = all.begun + 1;
    map_.clear();
    all.completed = all.begun.load();
    all.over = all.begun.load();
    all.by = 0;
  }

  soak_map& map_;
  book& book_;
  std::size_t me_;
  ledger& mine_;
  test_maps::random_source random_;
  sight sight_;
  std::string value_;
  std::string expected_;
};

}  // namespace

void write(soak_map& map, book& shared, std::size_t me, std::uint64_t seed,
           const std::atomic<bool>& stop) {
  writer one(map, shared, me, seed);
  while (!stop && shared.errors == 0)
    one.step();
}

void audit(const soak_map& map, book& shared, std::size_t who) {
  ledger& its = shared.of[who];
  clears& all = shared.cleared;
  if (all.by == who + 1) {
    all.over = all.begun.load();
    all.by = 0;
  }
  sight seen_here(shared);
  for (std::size_t place = 0; place != places; ++place) {
    record& known = its.known[place];
    const std::uint64_t key = key_of(who, its.number[place]);
    const std::uint64_t completed = all.completed;
    const std::optional<token> seen = seen_here.look(key, map.load(key));
    if (!seen) continue;
    const verdict found = judge(known, *seen, completed, all);
    if (its.doing == place + 1 && (*seen == token{its.leaves} || found != verdict::wrong)) {
      known.settle(*seen);
      continue;
    }
    if (found == verdict::wrong)
      shared.complain("writer " + std::to_string(who) + " had left token " +
                      std::to_string(known.standing) + " under key " + std::to_string(key) +
                      " when it died, and there is " + std::to_string(seen->bits));
    if (found == verdict::cleared) known.settle(*seen);
  }
  its.doing = 0;
}

}  // namespace soak
