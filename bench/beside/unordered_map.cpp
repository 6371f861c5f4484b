#include "../rivals/unordered_map.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return bench::beside::run_rival<bench::unordered_map<std::shared_mutex>>(argc, argv);
}
