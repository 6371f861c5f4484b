#include "unordered_map.hpp"

#include "../driver.hpp"

int main(int argc, char** argv) {
  return bench::run_rival<bench::unordered_map<std::mutex>>(argc, argv);
}
