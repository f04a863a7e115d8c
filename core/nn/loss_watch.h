#pragma once

#include <string>
#include <vector>

namespace dna::nn {

/// Watches the loss of a classifier while it trains, to stop what has diverged. Guessing loses log(classes); a training
/// whose loss stays far above that unlearns.
class LossWatch {
public:
    explicit LossWatch(int classes);

    /// Takes the loss and gradient norm of a step; returns why training has diverged, or nothing.
    std::string see(double loss, double gradient_norm);
    /// Exponential mean over about the last 50 steps.
    double mean() const { return mean_; }
    /// Whether the state of the training is worth keeping.
    bool healthy() const { return mean_ <= 2 * chance_; }

    std::vector<double> state() const { return {mean_, steps_}; }
    void restore(const std::vector<double>& state);

private:
    double chance_;
    double mean_ = 0, steps_ = 0;
};

}  // namespace dna::nn
