#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/autodiff/tape.h"
#include "core/nn/safetensors.h"

namespace dna::nn {

/// How a parameter starts.
enum class Start { HeNormal, Zero, One };

/// One named list of numbers of a network: weights, biases, batch norm's scales and running statistics.
struct ParameterInfo {
    std::string name;
    std::vector<int64_t> shape;
    size_t offset = 0, size = 0;
    bool trained = true;      ///< false: running statistics
    bool decay = true;        ///< weight decay applies (not to biases and batch norm)
    bool view = false;        ///< a leading part of another parameter
    bool transposed = false;  ///< a weight kept as [in][out]: its leading part has fewer inputs
};

/// All parameters of a network or supernet in one block of memory, with their gradients and momentum.
template <class T>
class Parameters {
public:
    /// Adds a parameter of `shape` and returns its index. HeNormal: standard deviation sqrt(2 / fan_in), numbers keyed
    /// by (seed, name), so they depend on nothing else.
    int add(const std::string& name, std::vector<int64_t> shape, Start start, bool trained, bool decay, uint64_t seed);
    /// Adds a name for the leading values of parameter `whole`: the same memory, gradients and momentum, so what trains
    /// one trains the other. At most one view of a parameter may be on the tape in a step that trains.
    int addView(const std::string& name, std::vector<int64_t> shape, int whole, bool transposed);
    bool has(const std::string& name) const { return index_.contains(name); }
    int index(const std::string& name) const;
    const std::vector<ParameterInfo>& infos() const { return infos_; }

    T* values(int index) { return values_.data() + infos_[index].offset; }
    const T* values(int index) const { return values_.data() + infos_[index].offset; }
    T* gradients(int index) { return gradients_.data() + infos_[index].offset; }
    T* momentum(int index) { return momentum_.data() + infos_[index].offset; }

    /// Puts a parameter on the tape. When it is to be trained it is listed in touched().
    autodiff::Var bind(autodiff::Tape<T>& tape, int index, bool train);
    /// Parameters bound for training since the last clearTouched(), in order, each once.
    const std::vector<int>& touched() const { return touched_; }
    void clearTouched();

    /// Values (and, for checkpoints, momentum as "momentum/<name>") as named tensors, names behind `prefix`.
    void save(TensorMap& tensors, const std::string& prefix, bool with_momentum) const;
    /// Throws InputError when a tensor is missing or has another shape.
    void load(const TensorMap& tensors, const std::string& prefix, const std::string& file, bool with_momentum);

private:
    std::vector<ParameterInfo> infos_;
    std::map<std::string, int> index_;
    std::vector<T> values_, gradients_, momentum_;
    std::vector<int> touched_;
    std::vector<char> is_touched_;
};

extern template class Parameters<float>;
extern template class Parameters<double>;

}  // namespace dna::nn
