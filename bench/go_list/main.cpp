// bench_go_list: each benchmark of the list in 1 and in 2 processes that attach by name.
//
//   --ms-per-benchmark=N   passes go on until a worker has been timed for so long (default 500)
//
// and --workers=, --directory=, --smoke as in setup.hpp; the rest is Google Benchmark's.

#include <twinmap/admin.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../program.hpp"
#include "list.hpp"

namespace bench::go_list {
namespace {

/// Takes this program's own option out of the arguments.
double take_milliseconds(int& argc, char** argv) {
  constexpr std::string_view option = "--ms-per-benchmark=";
  double milliseconds = 500;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(option)) {
      argv[kept++] = argv[i];
      continue;
    }
    const std::string_view value = argument.substr(option.size());
    unsigned number = 0;
    const auto [rest, problem] = std::from_chars(value.begin(), value.end(), number);
    if (problem != std::errc{} || rest != value.end() || number == 0)
      throw std::invalid_argument("not a positive number of milliseconds: " + std::string(value));
    milliseconds = number;
  }
  argc = kept;
  argv[argc] = nullptr;
  return milliseconds;
}

/// A map that exists as long as this does; nobody is attached to it yet.
class named_map {
 public:
  explicit named_map(const place& where)
      : options_{.max_bytes = where.capacity * 256 + (std::uint64_t{64} << 20),
                 .directory = where.directory.string()},
        name_(where.name) {
    table(twinmap::create_only, name_, options_).close();
  }
  ~named_map() {
    std::error_code ignored;
    twinmap::remove(name_, options_, ignored);
  }
  named_map(const named_map&) = delete;
  named_map& operator=(const named_map&) = delete;

  table attach() const { return table(twinmap::open_only, name_, options_); }

 private:
  twinmap::options options_;
  std::string name_;
};

/// One benchmark's map and the processes that work on it.
class trial {
 public:
  trial(const item& what, int workers, const named_map& name, bool smoke)
      : what_(what),
        iterations_(smoke ? std::min<std::uint64_t>(what.iterations, 2'048) : what.iterations),
        orders_(static_cast<std::size_t>(workers)),
        team_(workers, true, [&](int worker, gate& entrance) { work(name, worker, entrance); }) {
    // Only now, so that no worker inherits it.
    map_ = name.attach();
    prepare();
  }

  /// Nanoseconds per iteration, the mean over the workers. Throws if an answer was wrong.
  double pass() {
    if (what_.recycled && passes_ != 0) recycle();
    for (std::uint64_t worker = 0; worker != orders_.size(); ++worker) {
      // The workers are apart in every benchmark's period: by a good half of 1024, a quarter of
      // 256.
      constexpr std::uint64_t apart = (std::uint64_t{1} << 40) + 576;
      const std::uint64_t first = (worker + 1) * apart + passes_ * iterations_;
      orders_[worker] = {.what = question::hit, .first = first, .count = iterations_};
    }
    ++passes_;
    std::uint64_t nanoseconds = 0;
    for (const outcome& result : team_.run(orders_)) {
      if (result.wrong != 0)
        throw std::runtime_error(what_.name + (": " + std::to_string(result.wrong)) +
                                 " wrong answers");
      nanoseconds += result.nanoseconds;
      expected_ += result.size;
    }
    count();
    return static_cast<double>(nanoseconds) / static_cast<double>(iterations_ * orders_.size());
  }

  std::uint64_t iterations() const noexcept { return iterations_; }

 private:
  /// A worker. Of an order it looks at nothing but where to begin and how far to go; the keys it
  /// has added travel as the outcome's size.
  void work(const named_map& name, int worker, gate& entrance) const {
    table map = name.attach();
    const bool alone = entrance.workers == 1;
    serve(entrance, worker, [&](const task& order) {
      const auto start = std::chrono::steady_clock::now();
      const tally counted = what_.work(map, {order.first, order.count, alone});
      const auto took = std::chrono::steady_clock::now() - start;
      return outcome{static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()),
                     counted.wrong, counted.added};
    });
  }

  void prepare() {
    for (std::uint64_t key = 0; key != what_.keys; ++key)
      map_.store(key, key);
    for (std::uint64_t i = 0; what_.primed && i != 2 * what_.keys; ++i)
      map_.contains(i % what_.keys);
    expected_ = what_.keys;
  }

  void recycle() {
    map_.clear();
    twinmap::compact(map_);
    prepare();
  }

  void count() const {
    const std::uint64_t size = map_.size();
    const remainder left = what_.left.value_or(remainder{expected_, expected_});
    if (size >= left.fewest && size <= left.most) return;
    throw std::runtime_error(what_.name + (": " + std::to_string(size)) + " keys are left, not " +
                             std::to_string(left.fewest) + " to " + std::to_string(left.most));
  }

  const item& what_;
  std::uint64_t iterations_;
  std::vector<task> orders_;
  crew team_;
  table map_;
  std::uint64_t passes_ = 0;
  std::uint64_t expected_ = 0;
};

class driver : public program {
 public:
  driver(const settings& chosen, double milliseconds)
      : program("twinmap", chosen), enough_(chosen.smoke ? 0 : milliseconds * 1e6) {}

  void register_all() override {
    for (const std::span<const item> family :
         {loads(), deletes(), whole_maps(), swaps(), compares()}) {
      for (const item& what : family) {
        for (const int workers : crew_sizes(most_workers)) {
          add(benchmark_name("golist:" + std::string(what.name), 0, workers), 1,
              [=, this, &what](benchmark::State& state) { measure(state, what, workers); });
        }
      }
    }
  }
  void close() override {}

 private:
  /// One untimed pass, then as many as fit into the time.
  void measure(benchmark::State& state, const item& what, int workers) {
    constexpr std::size_t most_keys = 1 << 19;
    const named_map name(next_place(most_keys));
    trial asked(what, workers, name, chosen_.smoke);
    asked.pass();
    for (auto _ : state) {
      std::vector<double> costs;
      double nanoseconds = 0;
      do {
        costs.push_back(asked.pass());
        nanoseconds += costs.back() * static_cast<double>(asked.iterations());
      } while (nanoseconds < enough_);
      state.SetIterationTime(nanoseconds * 1e-9);
      report(state, costs, 0);
    }
  }

  double enough_;  ///< nanoseconds for one benchmark
};

}  // namespace
}  // namespace bench::go_list

int main(int argc, char** argv) try {
  using bench::go_list::driver;
  const double milliseconds = bench::go_list::take_milliseconds(argc, argv);
  return bench::run_program(argc, argv, "twinmap", [=](const bench::settings& chosen) {
    return std::make_unique<driver>(chosen, milliseconds);
  });
} catch (const std::invalid_argument& problem) {
  std::fprintf(stderr, "twinmap: %s\n", problem.what());
  return 2;
}
