#include <cli/top/screen.hpp>

#define NCURSES_NOMACROS 1  // its names are everybody's
#define NCURSES_WIDECHAR 1
#include <langinfo.h>
#include <ncurses.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace twinmap::top {
namespace {

constexpr std::size_t look_count = static_cast<std::size_t>(look::count);
std::array<attr_t, look_count> attributes{};

void give_back_and_die(int signal) {
  ::endwin();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// A mapped file that somebody cuts off is SIGBUS for whoever reads it (P7).
void catch_crashes() {
  struct sigaction action = {};
  action.sa_handler = give_back_and_die;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  for (const int signal : {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL})
    ::sigaction(signal, &action, nullptr);
}

bool colours_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::has_colors() && (no_color == nullptr || *no_color == '\0');
}

struct style {
  look how;
  attr_t without_colour;
  short colour;  ///< -1: the terminal's own
};

constexpr std::array<style, look_count> styles{{
    {look::plain, A_NORMAL, -1},
    {look::strong, A_BOLD, -1},
    {look::faint, A_DIM, -1},
    {look::title, A_REVERSE, -1},
    {look::heading, A_BOLD, -1},
    {look::sorted, A_BOLD | A_UNDERLINE, -1},
    {look::selected, A_REVERSE, -1},
    {look::key, A_BOLD, -1},
    {look::good, A_NORMAL, COLOR_GREEN},
    {look::warning, A_BOLD, COLOR_YELLOW},
    {look::bad, A_BOLD, COLOR_RED},
    {look::shared, A_NORMAL, COLOR_CYAN},
    {look::alone, A_BOLD, COLOR_YELLOW},
}};

void choose_attributes() {
  const bool colours = colours_wanted() && ::start_color() == OK;
  const short background = colours && ::use_default_colors() == OK ? short{-1} : COLOR_BLACK;
  for (std::size_t i = 0; i < look_count; ++i) {
    const style& each = styles.at(i);
    attr_t& chosen = attributes.at(static_cast<std::size_t>(each.how));
    chosen = each.without_colour;
    if (!colours || each.colour < 0) continue;
    const auto pair = static_cast<short>(i + 1);
    if (::init_pair(pair, each.colour, background) == OK)
      chosen |= static_cast<attr_t>(COLOR_PAIR(pair));
  }
}

key_press named(int code) {
  switch (code) {
    case KEY_UP:
      return {key_name::up};
    case KEY_DOWN:
      return {key_name::down};
    case KEY_PPAGE:
      return {key_name::page_up};
    case KEY_NPAGE:
      return {key_name::page_down};
    case KEY_HOME:
      return {key_name::home};
    case KEY_END:
      return {key_name::end};
    case KEY_LEFT:
      return {key_name::left};
    case KEY_RIGHT:
      return {key_name::right};
    case KEY_ENTER:
    case '\n':
    case '\r':
      return {key_name::enter};
    case KEY_BACKSPACE:
    case '\b':
    case 127:
      return {key_name::backspace};
    case 27:
      return {key_name::escape};
    default:
      break;
  }
  if (code >= ' ' && code < 127) return {key_name::character, static_cast<char>(code)};
  return {};
}

}  // namespace

screen::screen() {
  std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): the tool has one thread here
  glyphs_.unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || ::newterm(nullptr, stdout, stdin) == nullptr) {
    throw std::runtime_error(std::string("the terminal type '") +
                             (terminal == nullptr ? "" : terminal) + "' is unknown");
  }
  catch_crashes();
  ::cbreak();
  ::noecho();
  ::curs_set(0);
  ::keypad(stdscr, true);
  ::nodelay(stdscr, true);
  ::set_escdelay(25);  // Esc alone is a key here
  choose_attributes();
}

screen::~screen() {
  ::endwin();
  for (const int signal : {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL})
    ::signal(signal, SIG_DFL);
}

extent screen::size() const {
  return {static_cast<std::size_t>(std::max(::getmaxx(stdscr), 0)),
          static_cast<std::size_t>(std::max(::getmaxy(stdscr), 0))};
}

void screen::show(const frame& lines) {
  ::werase(stdscr);
  int row = 0;
  for (const line& each : lines) {
    ::wmove(stdscr, row++, 0);
    for (const span& part : each.spans()) {
      ::wattrset(stdscr, static_cast<int>(attributes.at(static_cast<std::size_t>(part.how))));
      ::waddstr(stdscr, part.text.c_str());
    }
  }
  ::wattrset(stdscr, A_NORMAL);
  ::wrefresh(stdscr);
}

void screen::resized() {
  winsize now{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
    ::resizeterm(now.ws_row, now.ws_col);
}

std::optional<key_press> screen::next_key() {
  const int code = ::wgetch(stdscr);
  if (code == ERR) return std::nullopt;
  return named(code);
}

}  // namespace twinmap::top
