#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "core/autodiff/arena.h"
#include "core/autodiff/tensor.h"
#include "core/autodiff/workers.h"

namespace dna::autodiff {

/// A value on the tape.
struct Var {
    int id = -1;
};

template <class T>
class Tape;

/// Where an op writes the gradient of one input: data[i] = (base ? base[i] : 0) + gradient[i], for every i.
/// `base` is what other readers of the input left; it may be `data` itself.
template <class T>
struct GradientTarget {
    T* data = nullptr;
    const T* base = nullptr;
};

/// The gradients of one backward sweep, as an op's gradient rule sees them.
template <class T>
class Gradients {
public:
    explicit Gradients(Tape<T>& tape) : tape_(tape) {}
    /// False for data and for parameters that are not trained in this step: the op must skip that gradient.
    bool wants(Var x) const;
    GradientTarget<T> target(Var x);
    /// The gradient of x is `dy` itself: shared, not copied, as long as nothing is added to it.
    void pass(Var x, const Tensor<T>& dy);

private:
    Tape<T>& tape_;
};

/// Reverse-mode tape. Ops compute their value, then record it with the rule for their gradient. Backward is one sweep
/// in reverse order of recording; a value that no gradient reached is passed over, its whole branch with it. That is
/// what makes a gated sum cheap: paths whose gate is 0 get their forward run and nothing else. All memory comes from an
/// arena that is reused by the next step.
template <class T>
class Tape {
public:
    using Rule = std::function<void(const Tensor<T>& dy, Gradients<T>& gradients)>;

    explicit Tape(Workers& workers) : workers_(workers) {}

    /// Data: no gradient.
    Var constant(const Tensor<T>& value);
    /// A parameter kept by the caller; its gradient is added up in `gradient` (nullptr: not trained, no gradient). The
    /// first rule that reaches it overwrites what is there.
    Var parameter(const Tensor<T>& value, T* gradient);
    /// A leaf whose gradient the tape keeps.
    Var leaf(const Tensor<T>& value);
    /// An op's value; the rule is kept only when an input wants a gradient.
    Var record(const Tensor<T>& value, std::initializer_list<Var> inputs, Rule rule);
    Var record(const Tensor<T>& value, const std::vector<Var>& inputs, Rule rule);

    Tensor<T> allocate(const MapShape& shape);
    Tensor<T> allocateFlat(size_t size);

    const Tensor<T>& value(Var x) const { return nodes_[x.id].value; }
    bool wants(Var x) const { return nodes_[x.id].wants; }
    /// After backward(): the gradient, or nullptr when none reached x.
    const T* gradient(Var x) const { return nodes_[x.id].gradient; }

    /// Sweeps back from a scalar (one value) with d root = seed.
    void backward(Var root, T seed = T(1));
    /// Forgets everything and reuses the memory.
    void reset();

    Workers& workers() { return workers_; }
    Arena& arena() { return arena_; }
    /// Rules run by the last backward().
    int rulesRun() const { return rules_run_; }

private:
    friend class Gradients<T>;
    struct Node {
        Tensor<T> value;
        Rule rule;
        bool wants = false;
        bool shared = false;    ///< gradient memory belongs to another value
        T* external = nullptr;  ///< the caller's gradient memory of a parameter
        const T* gradient = nullptr;
    };
    Var push(Node node);

    Workers& workers_;
    Arena arena_;
    std::vector<Node> nodes_;
    int rules_run_ = 0;
};

/// Runs body(slot, begin, end) for the chunks of pictures.
template <class Body>
void forSlots(Workers& workers, int pictures, const Body& body) {
    workers.run(kSlots, [&](int slot) {
        const SlotRange range = slotRange(pictures, slot);
        if (range.begin < range.end) body(slot, range.begin, range.end);
    });
}

extern template class Gradients<float>;
extern template class Gradients<double>;
extern template class Tape<float>;
extern template class Tape<double>;

}  // namespace dna::autodiff
