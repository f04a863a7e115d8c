#include "core/autodiff/gradient_check.h"

#include <algorithm>
#include <cmath>

#include "core/base/rng.h"

namespace dna::autodiff {
namespace {

constexpr double kStep = 1e-5;

using Values = std::vector<double>;

/// Values of an input; lanes beyond the channels stay 0 as every op expects.
Values drawInput(const GradientSample::Input& input, uint64_t index) {
    base::Rng rng(17, "gradient-check", index);
    Values values(input.map.pictures > 0 ? input.map.size() : input.size);
    const auto draw = [&] {
        const double noise = input.spread * rng.normal();
        return input.centre + noise + (noise < 0 ? -input.margin : input.margin);
    };
    if (input.map.pictures == 0) {
        for (double& value : values) value = draw();
        return values;
    }
    const Tensor<double> tensor{values.data(), values.size(), input.map};
    for (int n = 0; n < input.map.pictures; ++n)
        for (int c = 0; c < input.map.channels; ++c)
            for (int p = 0; p < input.map.pixels(); ++p) tensor.at(n, c, p) = draw();
    return values;
}

/// Whether a place of an input is a real value and not padding.
bool isReal(const GradientSample::Input& input, size_t index) {
    if (input.map.pictures == 0) return true;
    const size_t block = index / input.map.planeSize() % static_cast<size_t>(input.map.blocks());
    return block * kLanes + index % kLanes < static_cast<size_t>(input.map.channels);
}

class Checker {
public:
    explicit Checker(const GradientSample& sample) : sample_(sample), tape_(workers_) {
        for (size_t i = 0; i < sample.inputs.size(); ++i) values_.push_back(drawInput(sample.inputs[i], i));
    }

    GradientReport run() {
        GradientReport report;
        const std::vector<Values> analytic = gradients();
        for (size_t i = 0; i < values_.size(); ++i)
            for (size_t k = 0; k < values_[i].size(); ++k) {
                if (!isReal(sample_.inputs[i], k)) continue;
                const double numeric = difference(values_[i][k]);
                const double error = std::abs(analytic[i][k] - numeric) / std::max(1.0, std::abs(numeric));
                report.max_relative_error =
                    std::isfinite(error) ? std::max(report.max_relative_error, error) : HUGE_VAL;
                ++report.values;
            }
        return report;
    }

private:
    std::vector<Var> leaves() {
        tape_.reset();
        std::vector<Var> vars;
        for (size_t i = 0; i < values_.size(); ++i)
            vars.push_back(tape_.leaf({values_[i].data(), values_[i].size(), sample_.inputs[i].map}));
        return vars;
    }

    /// The scalar that is differentiated: the output weighted by fixed random numbers.
    Var weighted(Var output) {
        const Tensor<double> y = tape_.value(output);
        Tensor<double> loss = tape_.allocateFlat(1);
        base::Rng rng(29, "gradient-weights");
        double* weights = tape_.arena().take<double>(y.size);
        *loss.data = 0;
        for (size_t i = 0; i < y.size; ++i) {
            weights[i] = rng.normal();
            *loss.data += weights[i] * y.data[i];
        }
        return tape_.record(loss, {output},
                            [output, weights, size = y.size](const Tensor<double>& dy, Gradients<double>& gradients) {
                                const GradientTarget<double> to = gradients.target(output);
                                for (size_t i = 0; i < size; ++i)
                                    to.data[i] = (to.base ? to.base[i] : 0) + dy.data[0] * weights[i];
                            });
    }

    double loss() { return *tape_.value(weighted(sample_.build(tape_, leaves()))).data; }

    std::vector<Values> gradients() {
        const std::vector<Var> vars = leaves();
        tape_.backward(weighted(sample_.build(tape_, vars)));
        std::vector<Values> result;
        for (size_t i = 0; i < vars.size(); ++i) {
            const double* gradient = tape_.gradient(vars[i]);
            result.push_back(gradient ? Values(gradient, gradient + values_[i].size())
                                      : Values(values_[i].size(), 0.0));
        }
        return result;
    }

    double difference(double& value) {
        const double kept = value;
        value = kept + kStep;
        const double above = loss();
        value = kept - kStep;
        const double below = loss();
        value = kept;
        return (above - below) / (2 * kStep);
    }

    const GradientSample& sample_;
    Workers workers_{1};
    Tape<double> tape_;
    std::vector<Values> values_;
};

}  // namespace

GradientReport checkGradient(const GradientSample& sample) { return Checker(sample).run(); }

}  // namespace dna::autodiff
