#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/nn/average.h"
#include "core/nn/loss_watch.h"

using namespace dna;

TEST_CASE("average of parameters: by hand, and saved and loaded") {
    nn::Parameters<float> parameters;
    const int w = parameters.add("w", {2}, nn::Start::Zero, true, true, 1),
              running = parameters.add("running", {1}, nn::Start::One, false, false, 1);
    nn::ParameterAverage average(parameters, 0.15);
    parameters.values(w)[0] = 10;
    parameters.values(running)[0] = 3;
    // Step 0: d = min(0.15, 1/10) = 0.1, step 1: d = min(0.15, 2/11) = 0.15.
    average.update(parameters, 0);
    parameters.values(w)[0] = 20;
    average.update(parameters, 1);
    nn::TensorMap tensors;
    average.save(tensors);
    nn::Parameters<float> result = parameters;
    average.copyTo(result);
    CHECK(result.values(w)[0] == doctest::Approx(0.15 * 9 + 0.85 * 20));
    CHECK(result.values(w)[1] == 0.0f);
    CHECK(result.values(running)[0] == doctest::Approx(0.15 * (0.1 * 1 + 0.9 * 3) + 0.85 * 3));
    CHECK(parameters.values(w)[0] == 20.0f);

    nn::ParameterAverage other(parameters, 0.15);
    other.load(tensors, "file");
    nn::Parameters<float> again = parameters;
    other.copyTo(again);
    CHECK(again.values(w)[0] == result.values(w)[0]);
    tensors.erase("average/running");
    CHECK_THROWS_WITH_AS(other.load(tensors, "file"), doctest::Contains("average/running"), base::InputError);
}

TEST_CASE("loss watch: numbers that are none, losses far above guessing, and what is sound") {
    const double guessing = std::log(10.0);
    nn::LossWatch watch(10);
    for (int i = 0; i < 200; ++i) CHECK(watch.see(guessing, 1).empty());
    CHECK(watch.healthy());
    CHECK(watch.see(std::nan(""), 1).find("no longer a number") != std::string::npos);
    CHECK(watch.see(guessing, HUGE_VAL).find("no longer a number") != std::string::npos);
    // The mean goes from 1 to 3 times guessing on its way to 10: after n steps 10 - 9 * 0.98^n = 3 at n = 12.4.
    int steps = 0;
    while (watch.see(10 * guessing, 1).empty() && steps < 100) {
        ++steps;
        if (steps > 6) CHECK_FALSE(watch.healthy());  // 10 - 9 * 0.98^6 = 2.03
    }
    CHECK(steps == 12);
    // One bad step in sound training is none.
    nn::LossWatch sound(10);
    for (int i = 0; i < 100; ++i) CHECK(sound.see(i == 60 ? 20 * guessing : 1.0, 1).empty());
    nn::LossWatch restored(10);
    restored.restore(sound.state());
    CHECK(restored.mean() == sound.mean());
}
