// The worked example of lib/FORMAT.md, against the file of a live map: header, slot and chunk
// records.

#include "request.hpp"

#include <support/format_document.hpp>
#include <support/names.hpp>

#include <gtest/gtest.h>

#include <twinmap/protocol/handle.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace twinmap::protocol {
namespace {

std::vector<unsigned> documented(const std::string& name) {
  return test_support::documented(TWINMAP_TEST_DATA "/../../lib/FORMAT.md", name);
}

std::vector<unsigned> bytes_of_file(const std::string& path, std::uint64_t offset,
                                    std::size_t length) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  std::string raw(length, '\0');
  file.read(raw.data(), static_cast<std::streamsize>(length));
  std::vector<unsigned> result;
  for (const char byte : raw)
    result.push_back(static_cast<unsigned char>(byte));
  return result;
}

TEST(a_live_segment, holds_the_documented_bytes) {
  const test_support::scoped_name name;
  attach_request request = request_for(name, attach_mode::create_only);
  request.key = {"u64", 8};
  request.value = {"u64", 8};
  const auto map = handle::attach(request);
  const std::uint64_t key = 1;
  const std::uint64_t value = 2;
  map->store(map->key(&key, sizeof key), std::as_bytes(std::span(&value, 1)));

  const auto& header = map->view.header->constant;
  const std::string path = name.segment_file().string();
  EXPECT_EQ(documented("header"), bytes_of_file(path, 0, 16));
  EXPECT_EQ(documented("slot"),
            bytes_of_file(path, header.slots.offset + (1u << header.slot_shift), 32));
  EXPECT_EQ(documented("chunks"), bytes_of_file(path, header.chunk_table.offset, 32));
}

}  // namespace
}  // namespace twinmap::protocol
