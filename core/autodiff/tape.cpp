#include "core/autodiff/tape.h"

#include "core/base/error.h"

namespace dna::autodiff {

template <class T>
bool Gradients<T>::wants(Var x) const {
    return tape_.wants(x);
}

template <class T>
GradientTarget<T> Gradients<T>::target(Var x) {
    auto& node = tape_.nodes_[x.id];
    DNA_CHECK(node.wants, "gradient of a value that wants none");
    GradientTarget<T> target{nullptr, node.gradient};
    if (node.external != nullptr)
        target.data = node.external;
    else if (node.gradient != nullptr && !node.shared)
        target.data = const_cast<T*>(node.gradient);
    else
        target.data = tape_.arena_.template take<T>(node.value.size);
    node.gradient = target.data;
    node.shared = false;
    return target;
}

template <class T>
void Gradients<T>::pass(Var x, const Tensor<T>& dy) {
    auto& node = tape_.nodes_[x.id];
    if (!node.wants) return;
    if (node.gradient == nullptr && node.external == nullptr) {
        node.gradient = dy.data;
        node.shared = true;
        return;
    }
    const GradientTarget<T> to = target(x);
    forSlots(tape_.workers_, static_cast<int>(dy.size / kLanes), [&](int, int begin, int end) {
        const size_t first = static_cast<size_t>(begin) * kLanes, last = static_cast<size_t>(end) * kLanes;
        for (size_t i = first; i < last; ++i) to.data[i] = (to.base ? to.base[i] : T(0)) + dy.data[i];
    });
    for (size_t i = dy.size / kLanes * kLanes; i < dy.size; ++i)
        to.data[i] = (to.base ? to.base[i] : T(0)) + dy.data[i];
}

template <class T>
Var Tape<T>::push(Node node) {
    nodes_.push_back(std::move(node));
    return {static_cast<int>(nodes_.size()) - 1};
}

template <class T>
Var Tape<T>::constant(const Tensor<T>& value) {
    return push({value, {}, false, false, nullptr, nullptr});
}

template <class T>
Var Tape<T>::parameter(const Tensor<T>& value, T* gradient) {
    return push({value, {}, gradient != nullptr, false, gradient, nullptr});
}

template <class T>
Var Tape<T>::leaf(const Tensor<T>& value) {
    return push({value, {}, true, false, nullptr, nullptr});
}

template <class T>
Var Tape<T>::record(const Tensor<T>& value, std::initializer_list<Var> inputs, Rule rule) {
    return record(value, std::vector<Var>(inputs), std::move(rule));
}

template <class T>
Var Tape<T>::record(const Tensor<T>& value, const std::vector<Var>& inputs, Rule rule) {
    bool wanted = false;
    for (Var input : inputs) wanted = wanted || wants(input);
    return push({value, wanted ? std::move(rule) : Rule{}, wanted, false, nullptr, nullptr});
}

template <class T>
Tensor<T> Tape<T>::allocate(const MapShape& shape) {
    return {arena_.take<T>(shape.size()), shape.size(), shape};
}

template <class T>
Tensor<T> Tape<T>::allocateFlat(size_t size) {
    return {arena_.take<T>(size), size, {}};
}

template <class T>
void Tape<T>::backward(Var root, T seed) {
    DNA_CHECK(value(root).size == 1, "backward starts at a scalar");
    rules_run_ = 0;
    if (!wants(root)) return;
    T* start = arena_.take<T>(1);
    *start = seed;
    nodes_[root.id].gradient = start;
    Gradients<T> gradients(*this);
    for (int i = root.id; i >= 0; --i) {
        Node& node = nodes_[i];
        if (!node.rule || node.gradient == nullptr) continue;
        const Tensor<T> dy{const_cast<T*>(node.gradient), node.value.size, node.value.map};
        node.rule(dy, gradients);
        ++rules_run_;
    }
}

template <class T>
void Tape<T>::reset() {
    nodes_.clear();
    arena_.reset();
}

template class Gradients<float>;
template class Gradients<double>;
template class Tape<float>;
template class Tape<double>;

}  // namespace dna::autodiff
