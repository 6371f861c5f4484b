#include <demo_program/records.hpp>

#include <fmt/format.h>
#include <cli/encoding.hpp>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <unordered_set>

namespace demo {
namespace {

constexpr std::string_view checksum_label = "xxh64=";
constexpr std::size_t checksum_digits = 16;
constexpr std::size_t checked_from = checksum_label.size() + checksum_digits;

std::uint64_t checksum(std::string_view bytes) {
  return XXH64(bytes.data(), bytes.size(), 0);
}

std::string output_of(const char* command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command, "re"), ::pclose);
  if (!pipe) throw std::runtime_error(fmt::format("cannot run {}", command));
  std::string all;
  std::string part(1 << 20, '\0');
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe.get()))
    all.append(part, 0, got);
  return all;
}

/// The text after `label` up to the next blank or line end; advances `text` past it.
std::optional<std::string_view> field(std::string_view& text, std::string_view label, char end) {
  if (!text.starts_with(label)) return std::nullopt;
  text.remove_prefix(label.size());
  const std::size_t length = text.find(end);
  if (length == std::string_view::npos) return std::nullopt;
  const std::string_view value = text.substr(0, length);
  text.remove_prefix(length + 1);
  return value;
}

template <class Number>
std::optional<Number> number(std::string_view digits, int base) {
  Number value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// A value of dump's JSON lines: text, or {"b64": …} for what is not UTF-8.
std::string bytes_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("b64")) {
    if (auto bytes = twinmap::cli::from_base64(value["b64"].get<std::string>())) return *bytes;
  }
  return value.dump();
}

}  // namespace

std::vector<record> read_package_index() {
  const std::string all = output_of("apt-cache dumpavail");
  std::vector<record> records;
  std::unordered_set<std::string_view> seen;  // several versions of a package: the first counts
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\n\n");
    const std::string_view paragraph = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    std::string_view lines = paragraph;
    const std::optional<std::string_view> name = field(lines, "Package: ", '\n');
    if (name && seen.insert(*name).second)
      records.push_back({std::string(*name), std::string(paragraph)});
  }
  if (records.empty()) {
    throw std::runtime_error("apt-cache dumpavail knows no packages: run apt-get update first");
  }
  return records;
}

std::vector<record> read_json_lines(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", file));
  std::vector<record> records;
  std::unordered_set<std::string> seen;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("key") || !object.contains("value")) {
      throw std::runtime_error(
          fmt::format("{}:{}: no JSON object with key and value", file, number));
    }
    std::string key = bytes_of(object["key"]);
    if (seen.insert(key).second) records.push_back({std::move(key), bytes_of(object["value"])});
  }
  if (records.empty()) throw std::runtime_error(fmt::format("{} holds no records", file));
  return records;
}

void seal(std::string_view key, std::uint64_t sequence, std::string_view body, std::string& into) {
  into.clear();
  into.append(checksum_label).append(checksum_digits, '0');
  fmt::format_to(std::back_inserter(into), " seq={} key={}\n", sequence, key);
  into.append(body);
  const std::uint64_t sum = checksum(std::string_view(into).substr(checked_from));
  fmt::format_to(into.begin() + static_cast<std::ptrdiff_t>(checksum_label.size()), "{:016x}", sum);
}

opened open_sealed(std::string_view key, std::string_view value) {
  std::string_view rest = value;
  const auto sum = field(rest, checksum_label, ' ');
  const auto sequence = field(rest, "seq=", ' ');
  if (!sum || !sequence || sum->size() != checksum_digits) return {0, "its first line is damaged"};
  if (number<std::uint64_t>(*sum, 16) != checksum(value.substr(checked_from)))
    return {0, "its checksum is wrong"};
  if (!rest.starts_with("key=") || rest.substr(4, key.size()) != key ||
      rest.size() < 5 + key.size() || rest[4 + key.size()] != '\n') {
    return {0, fmt::format("it is the record of another key: {}", rest.substr(0, rest.find('\n')))};
  }
  return {number<std::uint64_t>(*sequence, 10).value_or(0), {}};
}

}  // namespace demo
