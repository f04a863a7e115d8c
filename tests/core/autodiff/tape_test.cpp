#include "core/autodiff/tape.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

using namespace dna::autodiff;

TEST_CASE("workers: every task runs once, whatever the number of threads; exceptions come back") {
    for (int threads : {1, 2, 3}) {
        Workers workers(threads);
        CHECK(workers.threads() == threads);
        for (int round = 0; round < 200; ++round) {
            std::vector<std::atomic<int>> runs(37);
            workers.run(37, [&](int i) { ++runs[i]; });
            for (const auto& count : runs) REQUIRE(count == 1);
        }
        CHECK_THROWS_AS(workers.run(5,
                                    [](int i) {
                                        if (i == 3) throw std::runtime_error("task");
                                    }),
                        std::runtime_error);
        int sum = 0;
        workers.run(1, [&](int) { sum = 1; });
        CHECK(sum == 1);
    }
}

TEST_CASE("arena: the next step gets the same memory") {
    Arena arena;
    float* first = arena.take<float>(1000);
    CHECK(reinterpret_cast<uintptr_t>(first) % Arena::kAlignment == 0);
    double* second = arena.take<double>(10'000'000);  // larger than a chunk
    second[9'999'999] = 1;
    arena.take<float>(5);
    const size_t held = arena.capacity();
    arena.reset();
    CHECK(arena.take<float>(1000) == first);
    CHECK(arena.take<double>(10'000'000) == second);
    float* inner = nullptr;
    {
        const ArenaScope scope(arena);
        inner = arena.take<float>(5);
    }
    CHECK(arena.take<float>(5) == inner);
    CHECK(arena.capacity() == held);
}

TEST_CASE("tape: a shared value is walked once, its gradients add up") {
    // y = x + x, z = y + y: dz/dx = 4; two rules, not a walk over four paths.
    Workers workers(1);
    Tape<double> tape(workers);
    double value = 3;
    const Var x = tape.leaf({&value, 1, {}});
    const auto twice = [&](Var a) {
        const Tensor<double> y = tape.allocateFlat(1);
        *y.data = 2 * *tape.value(a).data;
        return tape.record(y, {a}, [a](const Tensor<double>& dy, Gradients<double>& gradients) {
            gradients.pass(a, dy);
            gradients.pass(a, dy);
        });
    };
    const Var z = twice(twice(x));
    tape.backward(z);
    CHECK(*tape.value(z).data == 12);
    CHECK(*tape.gradient(x) == 4);
    CHECK(tape.rulesRun() == 2);
}

TEST_CASE("tape: parameters keep their gradient with the caller, untrained ones get none") {
    Workers workers(1);
    Tape<double> tape(workers);
    double w = 2, gradient = -1;
    const Var trained = tape.parameter({&w, 1, {}}, &gradient), fixed = tape.parameter({&w, 1, {}}, nullptr);
    CHECK(tape.wants(trained));
    CHECK_FALSE(tape.wants(fixed));
    const Tensor<double> y = tape.allocateFlat(1);
    *y.data = w;
    const Var out =
        tape.record(y, {trained, fixed}, [trained, fixed](const Tensor<double>& dy, Gradients<double>& gradients) {
            CHECK_FALSE(gradients.wants(fixed));
            gradients.pass(trained, dy);
        });
    tape.backward(out, 5.0);
    CHECK(gradient == 5);  // what was there before is overwritten
}
