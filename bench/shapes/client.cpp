#include "client.hpp"

#include <charconv>
#include <stdexcept>
#include <system_error>

namespace bench::shapes {

void server_client::end_batch() {
  finish_batch();
  batch_.close();
}

void server_client::refuse(std::string_view answer) const {
  throw std::runtime_error(std::string(program_).append(" answered ").append(answer));
}

std::uint64_t server_client::number_in(std::string_view text) const {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || rest != end) refuse(text);
  return number;
}

void server_client::send_store(std::string_view value) {
  if (batch_.is_open()) {
    batch_.add(request_, value, "\r\n");
    if (batch_.is_full()) finish_batch();
    return;
  }
  server_.send(request_, value, "\r\n");
  expect_stored();
}

void server_client::expect_stored() {
  if (const std::string_view answer = server_.read_line(); answer != stored_) refuse(answer);
}

void server_client::finish_batch() {
  for (std::size_t answers = batch_.flush(server_); answers > 0; --answers)
    expect_stored();
}

}  // namespace bench::shapes
