#include <demo_program/verdict.hpp>

#include <fmt/format.h>
#include <twinmap/admin.hpp>

#include <cstdio>

namespace demo {
namespace {

using complaints = std::vector<std::string>;

/// Every record that was loaded, every key whose insert had returned.
void look_at_everything(const record_map& map, const stage& at, const board& shared,
                        complaints& found) {
  std::string value;
  const auto expect = [&](const std::string& key) {
    if (!map.load(key, value)) return found.push_back(key + ": is lost");
    const opened record = open_sealed(key, value);
    if (!record.complaint.empty()) found.push_back(key + ": " + record.complaint);
  };
  for (const record& each : at.records)
    expect(each.key);
  for (std::size_t i = 0; i < hot_keys; ++i)
    expect(hot_key(i));
  for (std::uint64_t n = shared.written.oldest; n < shared.written.next; ++n)
    expect(written_key(n));
  for (std::uint64_t n = shared.survived.oldest; n < shared.survived.next; ++n)
    expect(survived_key(n));
}

void sweep_and_check(record_map& map, complaints& found) {
  const twinmap::sweep_report swept = twinmap::sweep(map);
  fmt::print("sweep   {} blocks of killed writers freed, {} adopted, {} leases released\n",
             swept.blocks_freed, swept.blocks_adopted, swept.leases_released);
  std::uint64_t counted = 0;
  map.for_each([&](const std::string&, const std::string&) { ++counted; });
  if (counted != map.size()) {
    found.push_back(fmt::format("size() is {}, for_each counts {}", map.size(), counted));
  }
  const twinmap::check_report report = twinmap::check(map);
  fmt::print("check   {} slots, {} live, {} blocks, {} findings\n", report.slots_checked,
             report.live, report.blocks_live, report.findings.size());
  for (const std::string& finding : report.findings)
    found.push_back("check: " + finding);
  if (report.blocks_orphaned != 0) {
    found.push_back(fmt::format("{} blocks are orphaned after the sweep", report.blocks_orphaned));
  }
}

void demand(bool happened, const char* what, complaints& found) {
  if (!happened) found.push_back(fmt::format("{} stayed at zero: the run shows nothing", what));
}

void print_kills(const kill_count& kills) {
  fmt::print("kills   {}, {} inside an operation:", kills.kills, kills.inside());
  for (std::size_t i = 1; i < kills.by_operation.size(); ++i) {
    if (kills.by_operation[i] != 0) fmt::print(" {} {}", operation_names[i], kills.by_operation[i]);
  }
  fmt::print("\n");
}

void judge_daemon(const run_facts& facts, complaints& found) {
  if (!facts.daemon.runs) {
    fmt::print("daemon  none: clients promoted {} times\n", facts.promotions);
    return;
  }
  fmt::print("daemon  {} promotions by it, {} by clients; killed {}, adopted the map {} times\n",
             facts.by_daemon, facts.promotions - facts.by_daemon, facts.daemon.kills,
             facts.daemon.adoptions);
  demand(facts.by_daemon != 0, "promotions by the daemon", found);
  demand(facts.daemon.kills != 0, "kills of the daemon", found);
  if (facts.daemon.adoptions <= facts.daemon.kills)
    found.push_back("the daemon did not adopt the map again after it was killed");
}

/// True if some complaint is about the record that was damaged on purpose.
bool names(const complaints& found, const std::string& key) {
  for (const std::string& each : found) {
    if (each.find(key + ":") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

bool judge(const stage& at, const board& shared, const run_facts& facts) {
  complaints found = facts.failures;
  std::uint64_t mismatches = 0;
  std::uint64_t dirty_hits = 0;
  std::uint64_t retries = 0;
  for (std::size_t line = 0; line < process_count; ++line) {
    const process_line& own = shared.lines[line];
    dirty_hits += own.hits_dirty;
    retries += own.retries;
    mismatches += own.mismatches;
    if (own.mismatches == 0) continue;
    found.push_back(fmt::format("{} met {} mismatches, the first: {}", name_of_line(line),
                                own.mismatches.load(), own.first_complaint.data()));
  }
  record_map map(twinmap::open_only, at.map, where(at));
  look_at_everything(map, at, shared, found);
  sweep_and_check(map, found);
  const twinmap::map_stats stats = map.stats();
  print_kills(facts.kills);
  judge_daemon(facts, found);
  fmt::print(
      "map     {} entries, {} promotions, {} take-overs, {} retries, {} hits through dirty, {} "
      "mismatches\n",
      stats.entries, facts.promotions, stats.take_overs, retries, dirty_hits, mismatches);
  demand(facts.promotions != 0, "promotions", found);
  demand(dirty_hits != 0, "hits through dirty", found);
  demand(facts.kills.inside() != 0, "kills inside an operation", found);
  demand(retries != 0, "retries", found);

  constexpr std::size_t shown = 20;
  for (std::size_t i = 0; i < std::min(found.size(), shown); ++i)
    fmt::print(stderr, "FAILED  {}\n", found[i]);
  if (found.size() > shown) fmt::print(stderr, "FAILED  and {} more\n", found.size() - shown);
  if (!facts.corrupted_key.empty()) {
    fmt::print("corrupt the byte flipped in record {} was {}\n", facts.corrupted_key,
               names(found, facts.corrupted_key) ? "found, as it must be" : "NOT found");
    return false;
  }
  if (found.empty()) fmt::print("All is well.\n");
  return found.empty();
}

}  // namespace demo
