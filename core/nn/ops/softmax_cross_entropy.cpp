#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::Gradients;

/// softmax(x) of one picture in double; returns log of the sum of exponentials.
template <class T>
double softmax(const Tensor<T>& x, int picture, std::vector<double>& p) {
    double top = x.at(picture, 0, 0);
    for (int c = 1; c < x.map.channels; ++c) top = std::max(top, static_cast<double>(x.at(picture, c, 0)));
    double sum = 0;
    for (int c = 0; c < x.map.channels; ++c)
        sum += p[c] = base::portableExp(static_cast<double>(x.at(picture, c, 0)) - top);
    for (double& value : p) value /= sum;
    return top + base::portableLog(sum);
}

}  // namespace

/// y = mean of (logsumexp(x) - sum_c t_c x_c); dx = (softmax(x) - t) / pictures, t the wanted distribution.
template <class T>
Var softmaxCrossEntropy(Tape<T>& tape, Var x, const std::vector<uint16_t>& labels, T smoothing) {
    const Tensor<T> in = tape.value(x);
    const int pictures = in.map.pictures, classes = in.map.channels;
    DNA_CHECK(in.map.pixels() == 1 && labels.size() == static_cast<size_t>(pictures), "cross-entropy: shapes");
    const Tensor<T> y = tape.allocateFlat(1);
    T* difference = tape.arena().template takeZero<T>(in.size);
    const Tensor<T> gradient{difference, in.size, in.map};
    std::vector<double> p(classes);
    const double rest = static_cast<double>(smoothing) / classes, share = 1.0 / pictures;
    double sum = 0;
    for (int n = 0; n < pictures; ++n) {
        double loss = softmax(in, n, p);
        for (int c = 0; c < classes; ++c) {
            const double wanted = rest + (c == labels[n] ? 1 - static_cast<double>(smoothing) : 0);
            loss -= wanted * static_cast<double>(in.at(n, c, 0));
            gradient.at(n, c, 0) = static_cast<T>((p[c] - wanted) * share);
        }
        sum += loss;
    }
    *y.data = static_cast<T>(sum * share);
    return tape.record(y, {x}, [x, gradient](const Tensor<T>& dy, Gradients<T>& gradients) {
        const auto to = gradients.target(x);
        for (size_t i = 0; i < gradient.size; ++i)
            to.data[i] = (to.base ? to.base[i] : T(0)) + gradient.data[i] * dy.data[0];
    });
}

template <class T>
std::vector<int> classify(const Tensor<T>& logits) {
    std::vector<int> answers;
    for (int n = 0; n < logits.map.pictures; ++n) {
        int best = 0;
        for (int c = 1; c < logits.map.channels; ++c)
            if (logits.at(n, c, 0) > logits.at(n, best, 0)) best = c;
        answers.push_back(best);
    }
    return answers;
}

template <class T>
int countCorrect(const Tensor<T>& logits, const std::vector<uint16_t>& labels) {
    const std::vector<int> answers = classify(logits);
    int correct = 0;
    for (size_t n = 0; n < answers.size(); ++n) correct += answers[n] == labels[n];
    return correct;
}

template std::vector<int> classify<float>(const Tensor<float>&);
template std::vector<int> classify<double>(const Tensor<double>&);
template Var softmaxCrossEntropy<float>(Tape<float>&, Var, const std::vector<uint16_t>&, float);
template Var softmaxCrossEntropy<double>(Tape<double>&, Var, const std::vector<uint16_t>&, double);
template int countCorrect<float>(const Tensor<float>&, const std::vector<uint16_t>&);
template int countCorrect<double>(const Tensor<double>&, const std::vector<uint16_t>&);

void register_softmax_cross_entropy(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"softmax_cross_entropy", "mean negative log-likelihood of the labels", [] {
                 const auto sample = [](const std::string& name, double smoothing) {
                     return GradientSample{
                         name, {{{3, 10, 1, 1}}}, [smoothing](Tape<double>& tape, const std::vector<Var>& v) {
                             return softmaxCrossEntropy<double>(tape, v[0], {3, 0, 9}, smoothing);
                         }};
                 };
                 return std::vector<GradientSample>{sample("plain", 0), sample("smoothed", 0.1)};
             }});
}

}  // namespace dna::nn
