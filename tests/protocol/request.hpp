// How these tests attach: directly through the protocol, past the public layer.
#pragma once

#include <support/names.hpp>
#include <twinmap/protocol/handle.hpp>

namespace twinmap::protocol {

inline attach_request request_for(const test_support::scoped_name& name, attach_mode mode) {
  attach_request request;
  request.name = name.str();
  request.directory = name.directory().string();
  request.mode = mode;
  request.max_bytes = 4u << 20;
  return request;
}

}  // namespace twinmap::protocol
