#include "core/nn/parameters.h"

#include <algorithm>
#include <cmath>

#include "core/base/rng.h"

namespace dna::nn {
namespace {

constexpr const char* kMomentum = "momentum/";

template <class T>
void initialize(T* values, const ParameterInfo& info, Start start, uint64_t seed) {
    if (start != Start::HeNormal) {
        std::fill(values, values + info.size, start == Start::One ? T(1) : T(0));
        return;
    }
    const double fan_in = static_cast<double>(info.size) / static_cast<double>(info.shape.at(0));
    const double deviation = std::sqrt(2.0 / fan_in);
    base::Rng rng(seed, "parameter-" + info.name);
    for (size_t i = 0; i < info.size; ++i) values[i] = static_cast<T>(deviation * rng.normal());
}

}  // namespace

template <class T>
int Parameters<T>::add(const std::string& name, std::vector<int64_t> shape, Start start, bool trained, bool decay,
                       uint64_t seed) {
    DNA_CHECK(!has(name), "parameter " + name + " exists");
    ParameterInfo info{name, std::move(shape), values_.size(), 1, trained, decay, false, false};
    for (int64_t dim : info.shape) info.size *= static_cast<size_t>(dim);
    values_.resize(values_.size() + info.size);
    gradients_.resize(values_.size());
    momentum_.resize(values_.size());
    initialize(values_.data() + info.offset, info, start, seed);
    const int index = static_cast<int>(infos_.size());
    index_.emplace(name, index);
    infos_.push_back(std::move(info));
    is_touched_.push_back(0);
    return index;
}

template <class T>
int Parameters<T>::addView(const std::string& name, std::vector<int64_t> shape, int whole, bool transposed) {
    DNA_CHECK(!has(name), "parameter " + name + " exists");
    ParameterInfo info = infos_[whole];
    info.name = name;
    info.shape = std::move(shape);
    info.size = 1;
    for (int64_t dim : info.shape) info.size *= static_cast<size_t>(dim);
    DNA_CHECK(info.size <= infos_[whole].size, "a view is a part");
    info.view = true;
    info.transposed = transposed;
    const int index = static_cast<int>(infos_.size());
    index_.emplace(name, index);
    infos_.push_back(std::move(info));
    is_touched_.push_back(0);
    return index;
}

template <class T>
int Parameters<T>::index(const std::string& name) const {
    const auto found = index_.find(name);
    DNA_CHECK(found != index_.end(), "no parameter " + name);
    return found->second;
}

template <class T>
autodiff::Var Parameters<T>::bind(autodiff::Tape<T>& tape, int index, bool train) {
    const ParameterInfo& info = infos_[index];
    const bool trained = train && info.trained;
    if (trained && !is_touched_[index]) {
        is_touched_[index] = 1;
        touched_.push_back(index);
    }
    return tape.parameter({values(index), info.size, {}}, trained ? gradients(index) : nullptr);
}

template <class T>
void Parameters<T>::clearTouched() {
    for (int index : touched_) is_touched_[index] = 0;
    touched_.clear();
}

template <class T>
void Parameters<T>::save(TensorMap& tensors, const std::string& prefix, bool with_momentum) const {
    const auto part = [](const std::vector<T>& all, const ParameterInfo& info) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(info.offset);
        return std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(info.size));
    };
    for (const ParameterInfo& info : infos_) {
        if (info.view) continue;
        tensors[prefix + info.name] = fromValues(part(values_, info), info.shape);
        if (with_momentum && info.trained)
            tensors[prefix + kMomentum + info.name] = fromValues(part(momentum_, info), info.shape);
    }
}

template <class T>
void Parameters<T>::load(const TensorMap& tensors, const std::string& prefix, const std::string& file,
                         bool with_momentum) {
    TensorReader reader(tensors, file);
    const auto read = [&](const std::string& name, const ParameterInfo& info, std::vector<T>& to) {
        const std::vector<T> values = reader.values<T>(name, info.shape);
        if (values.size() == info.size)
            std::copy(values.begin(), values.end(), to.begin() + static_cast<std::ptrdiff_t>(info.offset));
        if (std::any_of(values.begin(), values.end(), [](T value) { return !std::isfinite(value); }))
            reader.problem(name, "holds values that are not finite");
    };
    for (const ParameterInfo& info : infos_) {
        if (info.view) continue;
        read(prefix + info.name, info, values_);
        if (with_momentum && info.trained) read(prefix + kMomentum + info.name, info, momentum_);
    }
    reader.finish();
}

template class Parameters<float>;
template class Parameters<double>;

}  // namespace dna::nn
