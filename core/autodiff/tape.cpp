#include "core/autodiff/tape.h"

#include "core/autodiff/activation.h"
#include "core/base/error.h"

namespace dna::autodiff {
namespace {

/// Calls body(slot, picture, block, first value) for every plane.
template <class Body>
void forPlanes(Workers& workers, const MapShape& map, const Body& body) {
    forSlots(workers, map.pictures, [&](int slot, int begin, int end) {
        for (int n = begin; n < end; ++n)
            for (int b = 0; b < map.blocks(); ++b)
                body(slot, b, (static_cast<size_t>(n) * map.blocks() + b) * map.planeSize());
    });
}

double* sumsOf(double* sums, const MapShape& map, int slot, int block) {
    return sums + (static_cast<size_t>(slot) * map.blocks() + block) * kSumValues;
}

/// to = a + b over maps or flat lists; in chunks whatever the size.
template <class T>
void addValues(Workers& workers, const T* a, const T* b, T* to, size_t size) {
    const int lines = static_cast<int>(size / kLanes);
    forSlots(workers, lines, [&](int, int begin, int end) {
        const size_t at = static_cast<size_t>(begin) * kLanes;
        kernels<T>().add(a + at, b + at, to + at, end - begin);
    });
    for (size_t i = static_cast<size_t>(lines) * kLanes; i < size; ++i) to[i] = a[i] + b[i];
}

/// Only maps of more than one pixel are recycled: logits and gates are read after the sweep.
bool recycled(const MapShape& map) { return map.pictures > 0 && map.pixels() > 1; }

}  // namespace

template <class T>
bool Gradients<T>::wants(Var x) const {
    return tape_.wants(x);
}

template <class T>
GradientTarget<T> Gradients<T>::target(Var x) {
    auto& node = tape_.nodes_[x.id];
    DNA_CHECK(node.wants, "gradient of a value that wants none");
    if (node.value.activation) {
        GradientTarget<T> target{nullptr, node.plain, nullptr};
        target.data = node.plain && !node.plain_shared ? const_cast<T*>(node.plain) : tape_.takeMap(node);
        if (target.data != node.plain) {
            if (node.plain) tape_.released_.push_back(node.plain);
            tape_.maps_.retain(target.data);
        }
        node.plain = target.data;
        node.plain_shared = false;
        return target;
    }
    tape_.settle(node);
    GradientTarget<T> target{nullptr, node.gradient, nullptr};
    if (node.external != nullptr)
        target.data = node.external;
    else if (node.gradient != nullptr && !node.shared)
        target.data = const_cast<T*>(node.gradient);
    else
        target.data = tape_.takeMap(node);
    tape_.setGradient(node, target.data, false);
    return target;
}

template <class T>
GradientTarget<T> Gradients<T>::storedTarget(Var x) {
    auto& node = tape_.nodes_[x.id];
    if (!node.value.activation) return target(x);
    DNA_CHECK(node.wants, "gradient of a value that wants none");
    GradientTarget<T> target{nullptr, node.gradient, nullptr};
    target.data = node.gradient != nullptr && !node.shared ? const_cast<T*>(node.gradient) : tape_.takeMap(node);
    tape_.takeSums(node);
    target.sums = node.sums;
    tape_.setGradient(node, target.data, false);
    return target;
}

template <class T>
void Gradients<T>::pass(Var x, const Tensor<T>& dy) {
    auto& node = tape_.nodes_[x.id];
    if (!node.wants) return;
    const Activation<T>* activation = node.value.activation;
    if (activation && !activation->relu && node.gradient == nullptr) {
        tape_.setGradient(node, dy.data, true);
        tape_.sumShared(node);
        return;
    }
    if (activation && node.plain == nullptr) {
        tape_.maps_.retain(dy.data);
        node.plain = dy.data;
        node.plain_shared = true;
        return;
    }
    if (!activation && node.gradient == nullptr && node.external == nullptr) {
        tape_.setGradient(node, dy.data, true);
        return;
    }
    const GradientTarget<T> to = target(x);
    if (to.base)
        addValues(tape_.workers_, to.base, static_cast<const T*>(dy.data), to.data, dy.size);
    else
        std::copy_n(dy.data, dy.size, to.data);
}

template <class T>
void Gradients<T>::passCombined(Var x, const Tensor<T>& dy, const Combination<T>* combination) {
    auto& node = tape_.nodes_[x.id];
    if (!node.wants) return;
    if (node.gradient == nullptr && node.external == nullptr && !node.value.activation) {
        tape_.setGradient(node, dy.data, true);
        node.combination = combination;
        return;
    }
    const GradientTarget<T> to = target(x);
    const ArenaScope scope(tape_.arena_);
    Tensor<T> lazy = dy, settled = dy;
    lazy.combination = combination;
    settled.data = tape_.arena_.template take<T>(dy.size);
    forPlanes(tape_.workers_, dy.map, [&](int, int block, size_t at) {
        readGradient(kernels<T>(), lazy, block, at, settled.data + at, dy.map.pixels());
    });
    if (to.base)
        addValues(tape_.workers_, to.base, static_cast<const T*>(settled.data), to.data, dy.size);
    else
        std::copy_n(settled.data, dy.size, to.data);
}

template <class T>
Var Tape<T>::push(Node node) {
    maps_.retain(node.value.data);
    nodes_.push_back(std::move(node));
    return {static_cast<int>(nodes_.size()) - 1};
}

template <class T>
Var Tape<T>::constant(const Tensor<T>& value) {
    Node node;
    node.value = value;
    return push(std::move(node));
}

template <class T>
Var Tape<T>::parameter(const Tensor<T>& value, T* gradient) {
    Node node;
    node.value = value;
    node.wants = gradient != nullptr;
    node.external = gradient;
    return push(std::move(node));
}

template <class T>
Var Tape<T>::leaf(const Tensor<T>& value) {
    Node node;
    node.value = value;
    node.wants = true;
    return push(std::move(node));
}

template <class T>
Var Tape<T>::record(const Tensor<T>& value, const std::vector<Var>& inputs, Rule rule, Reads reads) {
    Node node;
    node.value = value;
    node.reads = reads;
    for (Var input : inputs) node.wants = node.wants || (recording_ && wants(input));
    if (node.wants) node.rule = std::move(rule);
    return push(std::move(node));
}

template <class T>
Tensor<T> Tape<T>::allocate(const MapShape& shape) {
    Tensor<T> tensor;
    tensor.size = shape.size();
    tensor.map = shape;
    tensor.data = recycled(shape) ? maps_.take(tensor.size) : arena_.take<T>(tensor.size);
    return tensor;
}

template <class T>
Tensor<T> Tape<T>::allocateFlat(size_t size) {
    Tensor<T> tensor;
    tensor.data = arena_.take<T>(size);
    tensor.size = size;
    return tensor;
}

template <class T>
Tensor<T> Tape<T>::value(Var x) {
    Node& node = nodes_[x.id];
    Tensor<T> plain = node.value;
    if (!plain.activation) return plain;
    plain.activation = nullptr;
    if (!node.applied) {
        node.applied = takeMap(node);
        maps_.retain(node.applied);
        forPlanes(workers_, plain.map, [&](int, int block, size_t at) {
            activateLines<T>(kernels<T>(), node.value.activation, block, plain.data + at, node.applied + at,
                             plain.map.pixels());
        });
    }
    plain.data = node.applied;
    return plain;
}

template <class T>
T* Tape<T>::takeMap(const Node& node) {
    return recycled(node.value.map) ? maps_.take(node.value.size) : arena_.take<T>(node.value.size);
}

template <class T>
void Tape<T>::setGradient(Node& node, const T* data, bool shared) {
    if (node.gradient == data && node.shared == shared) return;
    maps_.retain(data);
    if (node.gradient) released_.push_back(node.gradient);
    node.gradient = data;
    node.shared = shared;
}

template <class T>
void Tape<T>::settle(Node& node) {
    if (!node.combination) return;
    Tensor<T> lazy = node.value;
    lazy.data = const_cast<T*>(node.gradient);
    lazy.combination = node.combination;
    T* settled = takeMap(node);
    forPlanes(workers_, lazy.map, [&](int, int block, size_t at) {
        readGradient(kernels<T>(), lazy, block, at, settled + at, lazy.map.pixels());
    });
    node.combination = nullptr;
    setGradient(node, settled, false);
}

template <class T>
void Tape<T>::takeSums(Node& node) {
    if (!node.sums)
        node.sums = arena_.takeZero<double>(static_cast<size_t>(kSlots) * node.value.map.blocks() * kSumValues);
}

template <class T>
void Tape<T>::sumShared(Node& node) {
    takeSums(node);
    const MapShape& map = node.value.map;
    forPlanes(workers_, map, [&](int slot, int block, size_t at) {
        maskLines<T>(kernels<T>(), blockOf(*node.value.activation, block), node.value.data + at, node.gradient + at,
                     nullptr, nullptr, map.pixels(), sumsOf(node.sums, map, slot, block));
    });
}

template <class T>
void Tape<T>::mask(Node& node) {
    if (!node.plain) return;
    takeSums(node);
    const MapShape& map = node.value.map;
    const T *plain = node.plain, *base = node.gradient;
    T* to = base && !node.shared ? const_cast<T*>(base) : takeMap(node);
    forPlanes(workers_, map, [&](int slot, int block, size_t at) {
        maskLines<T>(kernels<T>(), blockOf(*node.value.activation, block), node.value.data + at, plain + at,
                     base ? base + at : nullptr, to + at, map.pixels(), sumsOf(node.sums, map, slot, block));
    });
    setGradient(node, to, false);
    released_.push_back(plain);
    node.plain = nullptr;
}

template <class T>
void Tape<T>::runRule(Node& node, Gradients<T>& gradients) {
    if (node.reads == Reads::Plain) settle(node);
    Tensor<T> dy = node.value;
    dy.data = const_cast<T*>(node.gradient);
    dy.activation = nullptr;
    dy.moments = nullptr;
    dy.combination = node.combination;
    dy.sums = node.sums;
    node.rule(dy, gradients);
    ++rules_run_;
}

/// What the node holds is needed by nobody else once everything recorded after it and its own rule are done.
template <class T>
void Tape<T>::releaseNode(Node& node) {
    for (const T* data : {static_cast<const T*>(node.value.data), static_cast<const T*>(node.applied), node.plain})
        if (data) maps_.release(data);
    if (node.rule && node.gradient) maps_.release(node.gradient);
    for (const T* data : released_) maps_.release(data);
    released_.clear();
}

template <class T>
void Tape<T>::backward(Var root, T seed) {
    DNA_CHECK(stored(root).size == 1, "backward starts at a scalar");
    rules_run_ = 0;
    if (!wants(root)) return;
    T* start = arena_.take<T>(1);
    *start = seed;
    nodes_[root.id].gradient = start;
    Gradients<T> gradients(*this);
    for (int i = root.id; i >= 0; --i) {
        Node& node = nodes_[i];
        if (node.value.activation) mask(node);
        if (!node.rule) settle(node);
        if (node.rule && node.gradient != nullptr) runRule(node, gradients);
        releaseNode(node);
    }
}

template <class T>
void Tape<T>::reset() {
    nodes_.clear();
    released_.clear();
    maps_.reset();
    arena_.reset();
}

template class Gradients<float>;
template class Gradients<double>;
template class Tape<float>;
template class Tape<double>;

}  // namespace dna::autodiff
