#include "core/nn/loss_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace dna::nn {

namespace {
constexpr double kWindow = 50;   // steps
constexpr double kDiverged = 3;  // times the loss of guessing
}  // namespace

LossWatch::LossWatch(int classes) : chance_(std::log(std::max(2, classes))) {}

std::string LossWatch::see(double loss, double gradient_norm) {
    if (!std::isfinite(loss) || !std::isfinite(gradient_norm)) return "the loss is no longer a number";
    ++steps_;
    mean_ += (loss - mean_) / std::min(steps_, kWindow);
    if (steps_ < kWindow || mean_ <= kDiverged * chance_) return {};
    return fmt::format("the loss is {:.3g} over the last {} steps, guessing would have {:.3g}", mean_, kWindow, chance_);
}

void LossWatch::restore(const std::vector<double>& state) {
    DNA_CHECK(state.size() == 2, "state of a loss watch");
    mean_ = state[0];
    steps_ = state[1];
}

}  // namespace dna::nn
