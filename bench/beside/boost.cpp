#include "../rivals/boost_interprocess.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return bench::run_boost(argc, argv, []<class R>(int count, char** arguments) {
    return bench::beside::run_rival<R>(count, arguments);
  });
}
