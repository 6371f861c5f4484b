#include <exhaustion/stage.hpp>

#include <maps/raw_map.hpp>
#include <maps/soundness.hpp>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

namespace exhaustion_test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t map_bytes = 4u << 20;

std::size_t lines_with(const char* file, const std::string& part) {
  std::ifstream lines(file);
  std::size_t found = 0;
  for (std::string line; std::getline(lines, line);)
    found += line.find(part) != std::string::npos ? 1u : 0u;
  return found;
}

std::size_t wiped_on_fork() {
  std::ifstream lines("/proc/self/smaps");
  std::size_t sum = 0;
  std::size_t size = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Size:")) size = std::stoul(line.substr(5)) * 1024;
    if (line.starts_with("VmFlags:") && line.find(" wf") != std::string::npos) sum += size;
  }
  return sum;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const holdings& what) {
  return out << what.descriptors << " descriptors, " << what.mappings << " mappings of map files, "
             << what.lease_bytes << " bytes for leases";
}

stage::stage()
    : options{.max_bytes = map_bytes, .max_writers = 4, .directory = directory.path().string()} {}

void stage::put(const std::string& key, const std::string& value) {
  map->store(key, value);
  expected[key] = value;
}

holdings stage::held() const {
  const fs::directory_iterator open("/proc/self/fd");
  return {.descriptors = static_cast<std::size_t>(std::distance(begin(open), end(open))),
          .mappings = lines_with("/proc/self/maps", directory.path().string() + "/"),
          .lease_bytes = wiped_on_fork()};
}

std::set<std::string> stage::files() const {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(directory.path()))
    found.insert(entry.path().filename().string());
  return found;
}

std::string stage::difference() const {
  if (!map || !*map) return {};
  reference found;
  map->for_each([&](const std::string& key, const std::string& value) { found[key] = value; });
  if (found != expected) {
    for (const auto& [key, value] : expected)
      if (!found.contains(key) || found[key] != value) return "for_each misses " + key;
    return "for_each finds more than there is";
  }
  for (const auto& [key, value] : expected)
    if (map->load(key) != value) return "load of " + key;
  if (map->size() != expected.size())
    return "size is " + std::to_string(map->size()) + ", not " + std::to_string(expected.size());
  return {};
}

void stage::expect_sound() const {
  if (!files().contains("twinmap." + name)) return;
  const test_maps::raw_map<std::string, std::string> inspector(
      test_maps::attach_mode::open_read_only, name, {.directory = options.directory});
  const auto report = inspector.check();
  test_maps::expect_nothing_lost(report);
  EXPECT_EQ(report.live, expected.size());
  EXPECT_TRUE(twinmap::protocol::writers(inspector.raw()).empty()) << "a lease was not given back";
}

}  // namespace exhaustion_test
