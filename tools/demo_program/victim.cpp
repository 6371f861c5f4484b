#include <demo_program/roles.hpp>
#include <demo_program/tally.hpp>

#include <random>

namespace demo {
namespace {

/// Announces an operation for as long as it lives. A process that is killed leaves its last
/// announcement standing: that is how the parent knows where the kill landed.
class announced {
 public:
  announced(process_line& line, operation what) : line_(line) { line_.doing.store(what); }
  ~announced() { line_.doing.store(operation::none); }
  announced(const announced&) = delete;
  announced& operator=(const announced&) = delete;

 private:
  process_line& line_;
};

class victim {
 public:
  victim(const stage& at, board& shared, process_line& line)
      : at_(at),
        shared_(shared),
        line_(line),
        map_(twinmap::open_only, at.map, where(at)),
        tally_(map_, line) {}

  void run() {
    while (!shared_.stop.load(std::memory_order_relaxed)) {
      update_record();
      for (int i = 0; i < 4; ++i)
        insert_survivor();
      for (int i = 0; i < 4; ++i)
        work_on_fleeting();
    }
    tally_.publish();
  }

 private:
  template <class F>
  void during(operation what, F&& f) {
    {
      const announced now(line_, what);
      f();
    }
    tally_.operation_done();
  }

  /// One sealed value, written several times: what the victim does is nearly all operations.
  void update_record() {
    const std::optional<std::size_t> index = draw(at_, of_victim, random_());
    if (!index) return;
    const record& chosen = at_.records[*index];
    prepare(chosen.key, chosen.body);
    during(operation::store, [&] { map_.store(chosen.key, value_); });
    during(operation::exchange, [&] { map_.exchange(chosen.key, value_); });
    during(operation::compare_exchange, [&] { map_.compare_exchange(chosen.key, value_, value_); });
    during(operation::update,
           [&] { map_.update(chosen.key, [](std::optional<std::string> now) { return now; }); });
  }

  void insert_survivor() {
    key_window& window = shared_.survived;
    const std::uint64_t n = window.next.load();
    const std::string key = survived_key(n);
    prepare(key, "still here");
    during(operation::insert, [&] { map_.store(key, value_); });
    window.next.store(n + 1);
    const std::uint64_t oldest = window.oldest.load();
    if (n - oldest < window_length) return;
    window.oldest.store(oldest + 1);
    const std::string old = survived_key(oldest);
    during(operation::erase, [&] { map_.erase(old); });
  }

  void work_on_fleeting() {
    const std::string key = fleeting_key(random_() % fleeting_keys);
    prepare(key, std::string_view(padding_).substr(0, random_() % padding_.size()));
    during(operation::load_or_store, [&] { map_.load_or_store(key, value_); });
    during(operation::exchange, [&] { map_.exchange(key, value_); });
    during(operation::erase, [&] { map_.erase(key); });
    during(operation::store, [&] { map_.store(key, value_); });
  }

  void prepare(std::string_view key, std::string_view body) {
    seal(key, shared_.sequence.fetch_add(1), body, value_);
  }

  const stage& at_;
  board& shared_;
  process_line& line_;
  counted_map map_;
  tally tally_;
  std::mt19937_64 random_{std::random_device{}()};
  std::string padding_ = std::string(3000, '-');
  std::string value_;
};

}  // namespace

void run_victim(const stage& at, board& shared, process_line& line) {
  victim(at, shared, line).run();
}

}  // namespace demo
