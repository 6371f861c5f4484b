#include <cli/encoding.hpp>
#include <demo_program/roles.hpp>
#include <demo_program/tally.hpp>

#include <random>

namespace demo {
namespace {

class reader {
 public:
  reader(const stage& at, board& shared, process_line& line, bool read_only)
      : at_(at),
        shared_(shared),
        line_(line),
        map_(read_only ? counted_map(twinmap::open_read_only, at.map, where(at))
                       : counted_map(twinmap::open_only, at.map, where(at))),
        tally_(map_, line),
        seen_records_(at.records.size()),
        seen_hot_(hot_keys) {}

  void run() {
    while (!shared_.stop.load(std::memory_order_relaxed)) {
      step();
      tally_.operation_done();
    }
    tally_.publish();
  }

 private:
  void step() {
    const std::uint64_t dice = random_();
    switch (dice % 16) {
      case 0:
      case 1:
        return look_at_hot(dice >> 8);
      case 2:
      case 3:
      case 4:
        return look_into(shared_.written, written_key, dice >> 8);
      case 5:
      case 6:
        return look_into(shared_.survived, survived_key, dice >> 8);
      case 7:
      case 8:
        return look_at_fleeting(dice >> 8);
      default:
        return look_at_record(dice >> 8);
    }
  }

  void look_at_record(std::uint64_t dice) {
    const std::size_t index = dice % at_.records.size();
    expect_present(at_.records[index].key, seen_records_[index]);
  }

  void look_at_hot(std::uint64_t dice) {
    expect_present(hot_key(dice % hot_keys), seen_hot_[dice % hot_keys]);
  }

  void look_at_fleeting(std::uint64_t dice) {
    const std::string key = fleeting_key(dice % fleeting_keys);
    if (map_.load(key, value_)) check(key);
  }

  /// Among the newest keys, which the next promotion has yet to bring into read.
  void look_into(key_window& window, std::string (*name)(std::uint64_t), std::uint64_t dice) {
    const std::uint64_t next = window.next.load();
    const std::uint64_t oldest = window.oldest.load();
    if (oldest >= next) return;
    const std::uint64_t among = std::min<std::uint64_t>(next - oldest, window_length / 10);
    const std::uint64_t n = next - 1 - dice % among;
    const std::string key = name(n);
    if (map_.load(key, value_)) {
      check(key);
    } else if (window.oldest.load() <= n) {
      line_.complain(fmt::format("{}: its insert had returned, but it is not there", key));
    }
  }

  /// `seen` is the highest sequence number met at this key: what was seen is never un-seen.
  void expect_present(const std::string& key, std::uint64_t& seen) {
    if (!map_.load(key, value_)) {
      return line_.complain(fmt::format("{}: was loaded, but it is not there", key));
    }
    const std::uint64_t sequence = check(key);
    if (sequence == 0) return;
    if (sequence < seen) {
      line_.complain(fmt::format("{}: went back from {} to {}", key, seen, sequence));
    }
    seen = sequence;
  }

  /// 0 if the record is not what it should be.
  std::uint64_t check(const std::string& key) {
    const opened record = open_sealed(key, value_);
    if (record.complaint.empty()) return record.sequence;
    line_.complain(fmt::format("{}: {}; {} bytes that begin with '{}'", key, record.complaint,
                               value_.size(), twinmap::cli::printable(value_.substr(0, 60))));
    return 0;
  }

  const stage& at_;
  board& shared_;
  process_line& line_;
  counted_map map_;
  tally tally_;
  std::mt19937_64 random_{std::random_device{}()};
  std::vector<std::uint64_t> seen_records_;
  std::vector<std::uint64_t> seen_hot_;
  std::string value_;
};

}  // namespace

void run_reader(const stage& at, board& shared, process_line& line, bool read_only) {
  reader(at, shared, line, read_only).run();
}

}  // namespace demo
