#include <effv2/core/execution.hpp>

#include "../catch.hpp"

namespace effv2::execution_test {

TEST_CASE("an execution clamps its threads and keeps them from small work", "[execution]") {
  CHECK(Execution(0).threads() == available_threads());
  CHECK(Execution(1 << 20).threads() == 256);
  const Execution run(4);
  CHECK(run.threads_for(10) == 1);
  CHECK(run.threads_for(1 << 30) == 4);
  CHECK(run.tasks_for(6) == 24);
  CHECK(Execution(1).tasks_for(6) == 1);
}

TEST_CASE("scratch memory comes back to the pool", "[execution]") {
  const Execution run(1);
  const float* first = nullptr;
  {
    const Tensor<float> t = run.scratch<float>({50});
    first = t.data();
  }
  CHECK(run.scratch<float>({50}).data() == first);
}

}  // namespace effv2::execution_test
