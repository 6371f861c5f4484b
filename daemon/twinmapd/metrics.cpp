#include <twinmapd/metrics.hpp>

#include <fmt/format.h>
#include <sys/resource.h>
#include <twinmapd/describe.hpp>

#include <array>
#include <fstream>
#include <string_view>
#include <vector>

namespace twinmapd {
namespace {

struct counter_help {
  std::string_view name;
  std::string_view text;
};

/// For the counters of twinmap::map_stats, see twinmap/stats.hpp.
constexpr std::array<counter_help, 22> helps{{
    {"hits_read", "Lookups answered by read"},
    {"hits_dirty", "Lookups answered by dirty"},
    {"misses", "Lookups that read could not answer while it was amended"},
    {"retries", "Lookups started again because what they read had changed"},
    {"stores", "Values written, those of inserts included"},
    {"inserts", "Keys that got a new entry"},
    {"erases", "Keys made absent"},
    {"promotions", "Times that dirty became read"},
    {"promotions_by_caretaker", "Of the promotions, those of the caretaker"},
    {"dirty_builds", "Times that dirty was built from read"},
    {"dirty_growths", "Times that dirty moved to a larger table"},
    {"compactions", "Builds of dirty that left absent keys out"},
    {"expunged", "Entries that a compaction left out"},
    {"unexpunged", "Entries that came back after a compaction"},
    {"revived", "Absent keys made present in the entry they had"},
    {"purged", "Entries freed for other keys"},
    {"take_overs", "Times that the mutex was taken from the dead"},
    {"fix_ups", "Half-made changes of the dead that were settled"},
    {"sweeps", "Sweeps completed"},
    {"swept_blocks", "Blocks taken back from the dead"},
    {"swept_slots", "Entry slots taken back from the dead"},
    {"lock_waits", "Times that an operation had to wait for the mutex"},
}};

std::string_view help_of(std::string_view name) {
  for (const counter_help& each : helps)
    if (each.name == name) return each.text;
  return "See the counter of this name in twinmap::map_stats";
}

struct sample {
  std::string labels;  ///< with braces, or empty
  std::string value;
};

void family(std::string& text, std::string_view name, std::string_view type, std::string_view help,
            const std::vector<sample>& samples) {
  if (samples.empty()) return;
  text += fmt::format("# HELP {0} {1}.\n# TYPE {0} {2}\n", name, help, type);
  for (const sample& each : samples)
    text += fmt::format("{}{} {}\n", name, each.labels, each.value);
}

/// A label's value: a map's name needs no escape, a type's may.
std::string escaped(std::string_view value) {
  std::string result;
  for (const char c : value) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result;
}

struct measured {
  const map_entry* entry;
  std::string label;  ///< {map="…"}
  twinmap::map_stats stats;
};

std::vector<measured> measure(const catalog& maps) {
  std::vector<measured> result;
  for (const auto& [name, entry] : maps.maps())
    if (entry.cared)
      result.push_back(
          {&entry, fmt::format("{{map=\"{}\"}}", name), entry.cared->map().stats(false)});
  return result;
}

void add_counters(std::string& text, const std::vector<measured>& maps) {
  std::vector<std::pair<std::string_view, std::vector<sample>>> families;
  for (const measured& each : maps) {
    std::size_t at = 0;
    for_each_counter(each.stats, [&](const char* name, const auto& count) {
      if (at == families.size()) families.emplace_back(name, std::vector<sample>());
      families[at++].second.push_back({each.label, fmt::format("{}", count)});
    });
  }
  for (const auto& [name, samples] : families)
    family(text, fmt::format("twinmap_{}_total", name), "counter", help_of(name), samples);
}

void add_gauges(std::string& text, const std::vector<measured>& maps) {
  const auto gauge = [&](std::string_view name, std::string_view help, auto&& value) {
    std::vector<sample> samples;
    samples.reserve(maps.size());
    for (const measured& each : maps)
      samples.push_back(
          {each.label, fmt::format("{}", static_cast<std::uint64_t>(value(each.stats)))});
    family(text, name, "gauge", help, samples);
  };
  using stats = twinmap::map_stats;
  gauge("twinmap_entries", "Keys present", [](const stats& s) { return s.entries; });
  gauge("twinmap_read_words", "Entries that read names",
        [](const stats& s) { return s.read_words; });
  gauge("twinmap_dirty_words", "Entries that dirty names",
        [](const stats& s) { return s.dirty_words; });
  gauge("twinmap_amended", "1 if dirty has keys that read lacks",
        [](const stats& s) { return s.amended; });
  gauge("twinmap_used_bytes", "Bytes of slots, tables, long keys and values",
        [](const stats& s) { return s.bytes_used; });
  gauge("twinmap_committed_bytes", "Memory taken from the system",
        [](const stats& s) { return s.bytes_committed; });
  gauge("twinmap_max_bytes", "Upper bound of the map's memory",
        [](const stats& s) { return s.bytes_max; });
  gauge("twinmap_writers", "Threads that hold a writer's lease",
        [](const stats& s) { return s.writers; });
  gauge("twinmap_slots_used", "Entry slots ever handed out",
        [](const stats& s) { return s.slots_used; });
  gauge("twinmap_max_entries", "Upper bound of the entry slots",
        [](const stats& s) { return s.max_entries; });
}

void add_facts(std::string& text, const catalog& maps) {
  std::vector<sample> infos;
  std::vector<sample> cared;
  std::vector<sample> refused;
  for (const auto& [name, entry] : maps.maps()) {
    cared.push_back({fmt::format("{{map=\"{}\"}}", name), entry.cared ? "1" : "0"});
    if (entry.cared) {
      const twinmap::map_info info = entry.cared->map().info();
      infos.push_back({fmt::format("{{map=\"{}\",key_type=\"{}\",value_type=\"{}\"}}", name,
                                   escaped(info.key_type), escaped(info.value_type)),
                       "1"});
    } else if (entry.code) {
      refused.push_back(
          {fmt::format("{{map=\"{}\",errc=\"{}\"}}", name, name_of(entry.code)), "1"});
    }
  }
  family(text, "twinmap_map_info", "gauge", "The types of a map's keys and values", infos);
  family(text, "twinmap_cared_for", "gauge", "1 if the daemon looks after the map", cared);
  family(text, "twinmap_refused", "gauge", "1 for a map that the daemon could not attach to",
         refused);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void add_daemon(std::string& text, const catalog& maps) {
  family(text, "twinmap_daemon_build_info", "gauge", "The version of the daemon",
         {{"{version=\"" TWINMAP_VERSION "\"}", "1"}});
  family(text, "twinmap_daemon_maps", "gauge", "Maps that the daemon knows",
         {{"", fmt::format("{}", maps.maps().size())}});
  family(text, "twinmap_daemon_maps_missing", "gauge",
         "Configured maps that the daemon could not attach to",
         {{"", fmt::format("{}", maps.missing().size())}});
  family(text, "twinmap_daemon_cpu_seconds_total", "counter", "CPU time of the daemon",
         {{"", fmt::format("{}", cpu_seconds())}});
  family(text, "twinmap_daemon_resident_memory_bytes", "gauge",
         "Resident memory of the daemon, its share of the maps included",
         {{"", fmt::format("{}", resident_bytes())}});
}

}  // namespace

std::string metrics_text(const catalog& maps) {
  std::string text;
  const std::vector<measured> cared = measure(maps);
  add_facts(text, maps);
  add_counters(text, cared);
  add_gauges(text, cared);
  add_daemon(text, maps);
  return text;
}

}  // namespace twinmapd
