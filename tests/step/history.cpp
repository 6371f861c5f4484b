#include "history.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace step_tests {
namespace {

struct part {
  call made;
  std::optional<answer> got;  // nothing: it tells nothing of this key
};

// The part of a call that concerns a key.
std::optional<part> part_of(const call& whole, const answer& got, const std::string& key) {
  if (whole.key == key) return part{whole, got};
  if (whole.member == "clear") return part{{"erase", key}, std::nullopt};
  if (whole.member != "for_each" && whole.member != "load_many") return std::nullopt;
  if (whole.member == "load_many" &&
      std::find(whole.keys.begin(), whole.keys.end(), key) == whole.keys.end())
    return std::nullopt;
  const auto value = value_under(got.all, key);
  return part{{"load", key}, answer{.yes = value.has_value(), .value = value}};
}

// The key's value in the end, if the stopped call took place before call `place`; nothing if an
// answer speaks against it.
std::optional<std::optional<std::string>> end_if(const std::string& key, contents all,
                                                 const history& of_key,
                                                 const std::optional<part>& stopped,
                                                 std::size_t place) {
  for (std::size_t i = 0; i <= of_key.size(); ++i) {
    if (i == place && stopped) {
      const answer right = expect(all, stopped->made);
      if (stopped->got && *stopped->got != right) return std::nullopt;
    }
    if (i == of_key.size() || of_key[i].got.error != 0) continue;
    if (expect(all, of_key[i].made) != of_key[i].got) return std::nullopt;
  }
  return value_under(all, key);
}

}  // namespace

possibilities ends_of(const stage& on, const history& meanwhile, const answer& of_stopped) {
  std::set<std::string> keys = on.keys();
  for (const event& each : meanwhile) {
    if (!each.made.key.empty()) keys.insert(each.made.key);
    for (const auto& [key, value] : each.got.all)
      keys.insert(key);
  }
  for (const auto& [key, value] : of_stopped.all)
    keys.insert(key);
  possibilities all;
  for (const std::string& key : keys) {
    history of_key;
    for (const event& each : meanwhile) {
      const auto of_it = part_of(each.made, each.got, key);
      if (of_it && of_it->got)
        of_key.push_back({of_it->made, *of_it->got});
      else if (of_it)
        of_key.push_back(each);
    }
    contents before;
    if (const auto value = value_under(on.before(), key)) before[key] = *value;
    const auto stopped = part_of(on.what().run, of_stopped, key);
    all[key] = {};
    for (std::size_t place = 0; place <= of_key.size(); ++place)
      if (const auto end = end_if(key, before, of_key, stopped, place)) all[key].push_back(*end);
  }
  return all;
}

}  // namespace step_tests
