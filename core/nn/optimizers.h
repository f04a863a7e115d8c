#pragma once

#include <vector>

#include "core/nn/parameters.h"

namespace dna::nn {

/// Stochastic gradient descent on the touched parameters: g += decay * w; v = momentum * v + g; w -= rate * (g +
/// momentum * v) (Nesterov) or w -= rate * v. `clip` bounds the norm of the whole gradient before decay (0: no bound).
struct SgdOptions {
    double momentum = 0.9;
    double weight_decay = 5e-4;
    double clip = 5.0;
    bool nesterov = true;
};

/// Takes one step and returns the gradient's norm before clipping (not finite when training diverged; then nothing is
/// changed).
template <class T>
double sgdStep(Parameters<T>& parameters, double rate, const SgdOptions& options);

/// Adam (Kingma & Ba 2015) on a short list of doubles: architecture and design logits.
class Adam {
public:
    struct Options {
        double rate = 3e-4;
        double beta1 = 0.5, beta2 = 0.999;
        double epsilon = 1e-8;
        double weight_decay = 0;
    };
    Adam(size_t size, const Options& options) : options_(options), first_(size), second_(size), steps_(size) {}
    /// Entries whose `active` is 0 are left alone, their moments too (an empty list: all are active).
    void step(std::vector<double>& values, const std::vector<double>& gradient, const std::vector<char>& active = {});

    /// First moments, second moments, steps of every entry: for checkpoints.
    std::vector<double> state() const;
    void restore(const std::vector<double>& state);

private:
    Options options_;
    std::vector<double> first_, second_, steps_;
};

/// Rate that rises linearly over `warmup` steps to `peak`, then falls along a cosine to `floor` at `steps`.
struct CosineSchedule {
    double peak = 0.1, floor = 0.0;
    long warmup = 0, steps = 1;
    double at(long step) const;
};

}  // namespace dna::nn
