#include <demo_program/roles.hpp>
#include <demo_program/tally.hpp>

#include <random>

namespace demo {
namespace {

class writer {
 public:
  writer(const stage& at, board& shared, process_line& line)
      : at_(at),
        shared_(shared),
        map_(twinmap::open_only, at.map, where(at)),
        tally_(map_, line),
        filler_(hot_sizes.back(), 'x') {}

  void run() {
    while (!shared_.stop.load(std::memory_order_relaxed)) {
      step();
    }
    tally_.publish();
  }

 private:
  void step() {
    const std::uint64_t dice = random_();
    switch (dice % 4) {
      case 0:
        return hammer(dice >> 8);
      case 1:
      case 2:
        return insert_new(dice >> 8);
      default:
        return update_record(dice >> 8);
    }
  }

  /// Sealing takes longer than storing: each sealed value is stored several times.
  void hammer(std::uint64_t dice) {
    const std::string key = hot_key(dice % hot_keys);
    const std::size_t size = hot_sizes[(dice >> 8) % hot_sizes.size()];
    put(key, std::string_view(filler_).substr(0, size));
    for (int again = 0; again < 7; ++again)
      store(key);
  }

  void update_record(std::uint64_t dice) {
    const record& chosen = at_.records[draw(at_, of_writer, dice).value()];  // there is a first
    put(chosen.key, chosen.body);
  }

  void insert_new(std::uint64_t dice) {
    key_window& window = shared_.written;
    const std::uint64_t n = window.next.load();
    put(written_key(n), std::string_view(filler_).substr(0, dice % 200));
    window.next.store(n + 1);
    const std::uint64_t oldest = window.oldest.load();
    if (n - oldest < window_length) return;
    window.oldest.store(oldest + 1);  // before the erase: nobody may insist on the key any more
    map_.erase(written_key(oldest));
    tally_.operation_done();
  }

  void put(const std::string& key, std::string_view body) {
    seal(key, shared_.sequence.fetch_add(1), body, value_);
    store(key);
  }

  void store(const std::string& key) {
    map_.store(key, value_);
    tally_.operation_done();
  }

  const stage& at_;
  board& shared_;
  counted_map map_;
  tally tally_;
  std::mt19937_64 random_{std::random_device{}()};
  std::string filler_;
  std::string value_;
};

}  // namespace

void run_writer(const stage& at, board& shared, process_line& line) {
  writer(at, shared, line).run();
}

void load_records(const stage& at) {
  twinmap::options wanted = where(at);
  wanted.max_bytes = 2ull << 30;  // an upper bound: memory is taken as it is used
  record_map map(twinmap::create_only, at.map, wanted);
  std::string value;
  for (const record& each : at.records) {
    seal(each.key, 1, each.body, value);
    map.store(each.key, value);
  }
  for (std::size_t i = 0; i < hot_keys; ++i) {
    seal(hot_key(i), 1, "", value);
    map.store(hot_key(i), value);
  }
}

}  // namespace demo
