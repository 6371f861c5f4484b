#include <twinmap/map.hpp>

#include <cstdio>

struct quote {
  double bid, ask;
};
template <>
struct twinmap::type_name<quote> {
  static constexpr std::string_view value = "quote/1";
};

int main() {
  twinmap::map<std::string, quote> quotes(twinmap::open_or_create, "quotes", {.mode = 0660});
  quotes.store("AAPL", {189.5, 189.6});

  // In any other process; this one cannot write, and needs no permission to.
  const twinmap::map<std::string, quote> view(twinmap::open_read_only, "quotes");
  if (auto q = view.load("AAPL")) std::printf("%.1f / %.1f\n", q->bid, q->ask);
}
