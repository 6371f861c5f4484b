#include "actor.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <step/stepper.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace step_tests {
namespace {

template <class T>
T as(const std::string& bytes) {
  if constexpr (std::is_same_v<T, std::string>)
    return bytes;
  else
    return number_of(bytes);
}

std::string bytes_of(const std::string& value) {
  return value;
}
std::string bytes_of(std::uint64_t value) {
  return raw(value);
}

template <class T>
answer had(const std::optional<T>& value) {
  if (!value) return {};
  return {.yes = true, .value = bytes_of(*value)};
}

// What is left to do is done by a child, and this process ends as the child does.
void go_on_in_a_child() {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) ::kill(::getpid(), WTERMSIG(status));
  ::_exit(WEXITSTATUS(status));
}

template <class Key, class T>
class typed_actor : public actor {
 public:
  typed_actor(std::string name, twinmap::options wanted)
      : name_(std::move(name)), wanted_(std::move(wanted)) {}

  answer perform(const call& what, bool stepped) override {
    const auto found = deeds().find(what.member);
    if (found == deeds().end()) throw std::logic_error("no such member: " + what.member);
    stepped_ = stepped;
    try {
      return found->second(*this, what);
    } catch (const twinmap::error& error) {
      return {.error = error.code().value()};
    }
  }

  using deed = answer (*)(typed_actor&, const call&);
  static const std::map<std::string_view, deed>& deeds();

 private:
  using self = typed_actor;
  using map_type = twinmap::map<Key, T>;

  template <class F>
  auto run(F f) {
    const stretch marked(stepped_);
    return f();
  }
  template <class Tag>
  answer attach(Tag tag) {
    run([&] { map_ = map_type(tag, name_, wanted_); });
    return {};
  }

  // A process that has written, holds blocks that nobody names, and is killed.
  static answer leave_a_corpse(self& me, const call& written) {
    test_support::child([&] {
      self own(me.name_, me.wanted_);
      own.attach(twinmap::open_only);
      constexpr int blocks = 12;
      for (int i = 0; i != blocks; ++i)
        own.map_.store(as<Key>(written.key), as<T>(written.value));
      own.map_.erase(as<Key>(written.key));
      ::kill(::getpid(), SIGKILL);
    }).wait();
    return {};
  }
  // As a remover that is killed before it comes to the lock file.
  static answer leave_a_lock_file(self& me, const call&) {
    me.attach(twinmap::create_only);
    me.map_.close();
    std::filesystem::remove(test_support::default_directory() / ("twinmap." + me.name_));
    return {};
  }
  // Nobody can attach beside what is no lock file.
  static answer leave_a_stray_file(self& me, const call&) {
    std::ofstream(test_support::default_directory() / ("twinmap." + me.name_ + ".lock")) << "stray";
    return {};
  }
  static answer clear_the_lock_file(self& me, const call&) {
    std::filesystem::remove(test_support::default_directory() / ("twinmap." + me.name_ + ".lock"));
    return {};
  }
  // What it does when it has ended, up to where it takes no signals any more, is stepped.
  static answer end_a_thread(self& me, const call& written) {
    const Key key = as<Key>(written.key);
    const T value = as<T>(written.value);
    std::thread([&] {
      // Made before all that belongs to the thread, and so gone after it.
      static thread_local std::unique_ptr<stretch> its_end;
      its_end = nullptr;
      me.map_.store(key, value);
      its_end = std::make_unique<stretch>(me.stepped_);
    }).join();
    return {};
  }
  static std::map<std::string_view, deed> changes();
  static std::map<std::string_view, deed> lookups();
  static std::map<std::string_view, deed> comings_and_goings();
  static std::map<std::string_view, deed> care();

  std::string name_;
  twinmap::options wanted_;
  map_type map_;
  bool stepped_ = false;
};

template <class Key, class T>
auto typed_actor<Key, T>::changes() -> std::map<std::string_view, deed> {
  std::map<std::string_view, deed> all{
      {"store",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const T value = as<T>(c.value);
         me.run([&] { me.map_.store(key, value); });
         return answer{};
       }},
      {"load_or_store",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const T value = as<T>(c.value);
         const auto got = me.run([&] { return me.map_.load_or_store(key, value); });
         return answer{.yes = got.second, .value = bytes_of(got.first)};
       }},
      {"exchange",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const T value = as<T>(c.value);
         return had(me.run([&] { return me.map_.exchange(key, value); }));
       }},
      {"erase",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         return answer{.yes = me.run([&] { return me.map_.erase(key); })};
       }},
      {"load_and_erase",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         return had(me.run([&] { return me.map_.load_and_erase(key); }));
       }},
      {"compare_exchange",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const T from = as<T>(c.expected);
         const T to = as<T>(c.value);
         return answer{.yes = me.run([&] { return me.map_.compare_exchange(key, from, to); })};
       }},
      {"compare_erase",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const T from = as<T>(c.expected);
         return answer{.yes = me.run([&] { return me.map_.compare_erase(key, from); })};
       }},
      {"update",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         const auto change = [&c](const std::optional<T>& old) -> std::optional<T> {
           if (c.value.empty()) return std::nullopt;
           return as<T>(old ? updated(bytes_of(*old), c.value) : c.value);
         };
         return had(me.run([&] { return me.map_.update(key, change); }));
       }},
      {"clear",
       [](self& me, const call&) {
         me.run([&] { me.map_.clear(); });
         return answer{};
       }},
  };
  if constexpr (std::is_integral_v<T>)
    all["fetch_add"] = [](self& me, const call& c) {
      const Key key = as<Key>(c.key);
      const T delta = as<T>(c.value);
      return answer{.value = bytes_of(me.run([&] { return me.map_.fetch_add(key, delta); }))};
    };
  return all;
}

template <class Key, class T>
auto typed_actor<Key, T>::lookups() -> std::map<std::string_view, deed> {
  return {
      {"load",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         return had(me.run([&] { return me.map_.load(key); }));
       }},
      // Over what the caller has.
      {"load_over",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         T out = as<T>(std::string(8, '?'));
         const bool yes = me.run([&] { return me.map_.load(key, out); });
         return had(yes ? std::optional<T>(out) : std::nullopt);
       }},
      {"contains",
       [](self& me, const call& c) {
         const Key key = as<Key>(c.key);
         return answer{.yes = me.run([&] { return me.map_.contains(key); })};
       }},
      {"for_each",
       [](self& me, const call&) {
         answer seen;
         me.run([&] {
           me.map_.for_each([&seen](const Key& key, const T& value) {
             // A second visit is no other key's: `yes` tells.
             if (!seen.all.emplace(bytes_of(key), bytes_of(value)).second) seen.yes = true;
           });
         });
         return seen;
       }},
      {"check",
       [](self& me, const call&) {
         const auto report = me.run([&] { return twinmap::check(me.map_); });
         for (const std::string& finding : report.findings)
           std::fprintf(stderr, "check: %s\n", finding.c_str());
         return answer{.yes = !report.findings.empty()};
       }},
      {"load_many",
       [](self& me, const call& c) {
         std::vector<Key> keys;
         for (const std::string& key : c.keys)
           keys.push_back(as<Key>(key));
         const std::vector<typename map_type::lookup_key> wanted(keys.begin(), keys.end());
         std::vector<std::optional<T>> got(keys.size());
         const std::size_t count = me.run([&] { return me.map_.load_many(wanted, got); });
         answer found;
         for (std::size_t i = 0; i != got.size(); ++i)
           if (got[i]) found.all[c.keys[i]] = bytes_of(*got[i]);
         found.yes = count != found.all.size();  // it counted wrong
         return found;
       }},
  };
}

template <class Key, class T>
auto typed_actor<Key, T>::comings_and_goings() -> std::map<std::string_view, deed> {
  return {
      {"open_only", [](self& me, const call&) { return me.attach(twinmap::open_only); }},
      {"open_read_only", [](self& me, const call&) { return me.attach(twinmap::open_read_only); }},
      {"create_only", [](self& me, const call&) { return me.attach(twinmap::create_only); }},
      {"open_or_create", [](self& me, const call&) { return me.attach(twinmap::open_or_create); }},
      {"leave_a_corpse", [](self& me, const call& c) { return leave_a_corpse(me, c); }},
      {"leave_a_lock_file", [](self& me, const call& c) { return leave_a_lock_file(me, c); }},
      {"leave_a_stray_file", [](self& me, const call& c) { return leave_a_stray_file(me, c); }},
      {"clear_the_lock_file", [](self& me, const call& c) { return clear_the_lock_file(me, c); }},
      {"end_a_thread", [](self& me, const call& c) { return end_a_thread(me, c); }},
      {"fork",
       [](self&, const call&) {
         go_on_in_a_child();
         return answer{};
       }},
      {"close",
       [](self& me, const call&) {
         me.run([&] { me.map_.close(); });
         return answer{};
       }},
      {"remove",
       [](self& me, const call&) {
         return answer{.yes = me.run([&] { return twinmap::remove(me.name_, me.wanted_); })};
       }},
  };
}

template <class Key, class T>
auto typed_actor<Key, T>::care() -> std::map<std::string_view, deed> {
  return {
      {"promote",
       [](self& me, const call&) {
         me.run([&] { twinmap::promote(me.map_); });
         return answer{};
       }},
      {"caretaker",
       [](self& me, const call&) {
         me.run([&] { twinmap::caretaker passing(me.map_); });
         return answer{};
       }},
      {"promote_as_caretaker",
       [](self& me, const call&) {
         twinmap::caretaker hold(me.map_);
         me.run([&] { hold.promote(); });
         return answer{};
       }},
      {"prepare_standby_some",
       [](self& me, const call&) {
         constexpr std::size_t groups = 1;
         twinmap::caretaker hold(me.map_);
         me.run([&] {
           while (hold.prepare_standby_some(groups)) {
           }
         });
         return answer{};
       }},
      {"answer",
       [](self& me, const call&) {
         twinmap::caretaker hold(me.map_);
         me.run([&] { hold.answer(); });
         return answer{};
       }},
      {"tend",
       [](self& me, const call&) {
         twinmap::caretaker hold(me.map_);
         me.run([&] { hold.tend(); });
         return answer{};
       }},
      {"compact",
       [](self& me, const call&) {
         me.run([&] { twinmap::compact(me.map_); });
         return answer{};
       }},
      {"prepare_standby",
       [](self& me, const call&) {
         me.run([&] { twinmap::prepare_standby(me.map_); });
         return answer{};
       }},
      {"sweep",
       [](self& me, const call&) {
         me.run([&] { twinmap::sweep(me.map_); });
         return answer{};
       }},
      {"heap_keeper",
       [](self& me, const call&) {
         me.run([&] { twinmap::heap_keeper passing(me.map_); });
         return answer{};
       }},
      {"gather_some",
       [](self& me, const call&) {
         constexpr std::size_t slots = 1000;
         twinmap::heap_keeper keeper(me.map_);
         me.run([&] {
           while (keeper.gather_some(slots)) {
           }
         });
         return answer{};
       }},
      {"give_back",
       [](self& me, const call&) {
         twinmap::heap_keeper keeper(me.map_);
         me.run([&] { keeper.give_back(std::chrono::nanoseconds(0)); });
         return answer{};
       }},
      {"commit_ahead",
       [](self& me, const call&) {
         constexpr std::uint64_t bytes = 256u << 10;
         me.run([&] { twinmap::commit_ahead(me.map_, bytes); });
         return answer{};
       }},
  };
}

template <class Key, class T>
auto typed_actor<Key, T>::deeds() -> const std::map<std::string_view, deed>& {
  static const auto all = [] {
    std::map<std::string_view, deed> sum = changes();
    sum.merge(lookups());
    sum.merge(comings_and_goings());
    sum.merge(care());
    return sum;
  }();
  return all;
}

using of_numbers = typed_actor<std::uint64_t, std::uint64_t>;
using of_texts = typed_actor<std::string, std::string>;

}  // namespace

twinmap::options small_map() {
  return {.max_bytes = 2u << 20, .max_writers = 8};
}

std::unique_ptr<actor> make_actor(flavour kind, const std::string& name,
                                  const twinmap::options& wanted) {
  if (kind == flavour::numbers) return std::make_unique<of_numbers>(name, wanted);
  return std::make_unique<of_texts>(name, wanted);
}

}  // namespace step_tests
