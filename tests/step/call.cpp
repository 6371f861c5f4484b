#include "call.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace step_tests {

std::optional<std::string> value_under(const contents& all, const std::string& key) {
  const auto at = all.find(key);
  return at == all.end() ? std::nullopt : std::optional(at->second);
}

namespace {

std::optional<std::string> put(contents& all, const std::string& key, const std::string& value) {
  auto before = value_under(all, key);
  all[key] = value;
  return before;
}

std::optional<std::string> take(contents& all, const std::string& key) {
  auto before = value_under(all, key);
  all.erase(key);
  return before;
}

answer had(std::optional<std::string> value) {
  const bool yes = value.has_value();
  return {.yes = yes, .value = std::move(value)};
}

bool holds(const contents& all, const call& what) {
  return value_under(all, what.key) == what.expected;
}

using rule = answer (*)(contents&, const call&);

const std::map<std::string_view, rule>& rules() {
  static const std::map<std::string_view, rule> all_rules{
      {"store",
       [](contents& all, const call& c) {
         put(all, c.key, c.value);
         return answer{};
       }},
      {"end_a_thread",
       [](contents& all, const call& c) {
         put(all, c.key, c.value);
         return answer{};
       }},
      {"load_or_store",
       [](contents& all, const call& c) {
         const bool loaded = !all.emplace(c.key, c.value).second;
         return answer{.yes = loaded, .value = all[c.key]};
       }},
      {"exchange", [](contents& all, const call& c) { return had(put(all, c.key, c.value)); }},
      {"erase",
       [](contents& all, const call& c) { return answer{.yes = take(all, c.key).has_value()}; }},
      {"load_and_erase", [](contents& all, const call& c) { return had(take(all, c.key)); }},
      {"compare_exchange",
       [](contents& all, const call& c) {
         const bool held = holds(all, c);
         if (held) all[c.key] = c.value;
         return answer{.yes = held};
       }},
      {"compare_erase",
       [](contents& all, const call& c) {
         const bool held = holds(all, c);
         if (held) all.erase(c.key);
         return answer{.yes = held};
       }},
      {"fetch_add",
       [](contents& all, const call& c) {
         const std::string old = value_under(all, c.key).value_or(raw(0));
         all[c.key] = raw(number_of(old) + number_of(c.value));
         return answer{.yes = false, .value = old};
       }},
      {"update",
       [](contents& all, const call& c) {
         if (c.value.empty()) {
           all.erase(c.key);
           return answer{};
         }
         // The value that stood there goes in, so that one that is lost is missed.
         const auto old = value_under(all, c.key);
         all[c.key] = old ? updated(*old, c.value) : c.value;
         return answer{.yes = true, .value = all[c.key]};
       }},
      {"clear",
       [](contents& all, const call&) {
         all.clear();
         return answer{};
       }},
      {"load", [](contents& all, const call& c) { return had(value_under(all, c.key)); }},
      {"load_over", [](contents& all, const call& c) { return had(value_under(all, c.key)); }},
      {"contains", [](contents& all, const call& c) { return answer{.yes = all.contains(c.key)}; }},
      {"for_each", [](contents& all, const call&) { return answer{.all = all}; }},
      {"load_many",
       [](contents& all, const call& c) {
         answer found;
         for (const std::string& key : c.keys)
           if (all.contains(key)) found.all[key] = all[key];
         return found;
       }},
      {"remove",
       [](contents& all, const call&) {
         all.clear();
         return answer{.yes = true};
       }},
  };
  return all_rules;
}

}  // namespace

calls operator+(calls first, const calls& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::string raw(std::uint64_t number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::uint64_t number_of(std::string_view raw) {
  std::uint64_t number = 0;
  std::memcpy(&number, raw.data(), std::min(sizeof number, raw.size()));
  return number;
}

std::string updated(const std::string& old, const std::string& with) {
  return old.size() == sizeof(std::uint64_t) && with.size() == sizeof(std::uint64_t)
             ? raw(number_of(old) * 2 + number_of(with))
             : old + with;
}

answer expect(contents& all, const call& what) {
  const auto found = rules().find(what.member);
  return found == rules().end() ? answer{} : found->second(all, what);
}

void expect(contents& all, const calls& many) {
  for (const call& each : many)
    expect(all, each);
}

namespace {

void write(std::string& to, std::string_view part) {
  to += raw(part.size());
  to += part;
}

std::string read(std::string_view& from) {
  const std::uint64_t length = number_of(from);
  from.remove_prefix(sizeof length);
  std::string part(from.substr(0, length));
  from.remove_prefix(part.size());
  return part;
}

}  // namespace

std::string written(const answer& what) {
  std::string text = raw(what.yes) + raw(static_cast<std::uint64_t>(what.error)) +
                     raw(what.value.has_value()) + raw(what.all.size());
  write(text, what.value.value_or(""));
  for (const auto& [key, value] : what.all) {
    write(text, key);
    write(text, value);
  }
  return text;
}

answer read_answer(std::string_view written) {
  const auto number = [&written] {
    const std::uint64_t found = number_of(written);
    written.remove_prefix(sizeof found);
    return found;
  };
  if (written.empty()) throw std::runtime_error("the stepped process gave no answer");
  answer result;
  result.yes = number() != 0;
  result.error = static_cast<int>(number());
  const bool has_value = number() != 0;
  std::uint64_t left = number();
  std::string value = read(written);
  if (has_value) result.value = std::move(value);
  for (; left != 0; --left) {
    std::string key = read(written);
    result.all[std::move(key)] = read(written);
  }
  return result;
}

}  // namespace step_tests
