#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "core/autodiff/arena.h"
#include "core/autodiff/recycler.h"
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
    /// Of stored(): [slot][block][2][16] sums that the op adds its share of the masked gradient to (maskLines).
    double* sums = nullptr;
};

/// The gradients of one backward sweep, as an op's gradient rule sees them.
template <class T>
class Gradients {
public:
    explicit Gradients(Tape<T>& tape) : tape_(tape) {}
    /// False for data and for parameters that are not trained in this step: the op must skip that gradient.
    bool wants(Var x) const;
    /// For an op that read tape.value(x).
    GradientTarget<T> target(Var x);
    /// For an op that read tape.stored(x) of a value with an activation: the gradient is masked by it, and its sums are
    /// taken.
    GradientTarget<T> storedTarget(Var x);
    /// The gradient of x is `dy` itself: shared, not copied, as long as nothing is added to it.
    void pass(Var x, const Tensor<T>& dy);
    /// The gradient of x is `combination` of dy and x; computed by whoever reads it.
    void passCombined(Var x, const Tensor<T>& dy, const Combination<T>* combination);

private:
    Tape<T>& tape_;
};

/// Whether a rule applies dy.combination by itself.
enum class Reads { Plain, Combined };

/// Reverse-mode tape. Ops compute their value, then record it with the rule for their gradient. Backward is one sweep
/// in reverse order of recording; a value that no gradient reached is passed over, its whole branch with it. That is
/// what makes a gated sum cheap: paths whose gate is 0 get their forward run and nothing else. All memory comes from an
/// arena that is reused by the next step.
///
/// A value may carry an activation that is not applied yet (batch norm): value() applies it on first use, ops that
/// apply it themselves while they read take stored(). Neither kind of reader knows of the other.
template <class T>
class Tape {
public:
    using Rule = std::function<void(const Tensor<T>& dy, Gradients<T>& gradients)>;

    explicit Tape(Workers& workers) : workers_(workers), maps_(arena_) {}

    /// Data: no gradient.
    Var constant(const Tensor<T>& value);
    /// A parameter kept by the caller; its gradient is added up in `gradient` (nullptr: not trained, no gradient). The
    /// first rule that reaches it overwrites what is there.
    Var parameter(const Tensor<T>& value, T* gradient);
    /// A leaf whose gradient the tape keeps.
    Var leaf(const Tensor<T>& value);
    /// An op's value; the rule is kept only when an input wants a gradient.
    Var record(const Tensor<T>& value, const std::vector<Var>& inputs, Rule rule, Reads reads = Reads::Plain);

    Tensor<T> allocate(const MapShape& shape);
    Tensor<T> allocateFlat(size_t size);

    /// The value, its activation applied. Not for use by several threads at once.
    Tensor<T> value(Var x);
    /// The value as it is kept.
    const Tensor<T>& stored(Var x) const { return nodes_[x.id].value; }
    bool wants(Var x) const { return nodes_[x.id].wants; }
    /// After backward(): the gradient of a parameter or leaf, or nullptr when none reached x.
    const T* gradient(Var x) const { return nodes_[x.id].gradient; }

    /// Sweeps back from a scalar (one value) with d root = seed. Maps of more than one pixel are gone afterwards: their
    /// memory is used again as soon as no rule needs them.
    void backward(Var root, T seed = T(1));
    /// Forgets everything and reuses the memory.
    void reset();
    /// Runs `build` without rules, keeps its result only: what it records in between is forgotten, its memory is free
    /// again. For a branch that needs no gradient.
    template <class Build>
    Var withoutGradient(const Build& build);

    Workers& workers() { return workers_; }
    Arena& arena() { return arena_; }
    /// Rules run by the last backward().
    int rulesRun() const { return rules_run_; }

private:
    friend class Gradients<T>;
    struct Node {
        Tensor<T> value;
        Rule rule;
        Reads reads = Reads::Plain;
        bool wants = false;
        T* external = nullptr;  ///< the caller's gradient memory of a parameter
        T* applied = nullptr;   ///< value with its activation
        const T* gradient = nullptr;
        const T* plain = nullptr;  ///< gradient left by readers of the applied value, not masked yet
        const Combination<T>* combination = nullptr;
        double* sums = nullptr;
        bool shared = false;  ///< `gradient` belongs to another value
        bool plain_shared = false;
    };
    Var push(Node node);
    T* takeMap(const Node& node);
    void setGradient(Node& node, const T* data, bool shared);
    /// Computes a combination that somebody wants to add to or to read plainly.
    void settle(Node& node);
    /// Masks what readers of the applied value left and adds it to the gradient.
    void mask(Node& node);
    void takeSums(Node& node);
    void sumShared(Node& node);
    void runRule(Node& node, Gradients<T>& gradients);
    void releaseNode(Node& node);

    Workers& workers_;
    Arena arena_;
    Recycler<T> maps_;
    std::vector<Node> nodes_;
    std::vector<const T*> released_;  ///< memory that the rule at work may still read
    int rules_run_ = 0;
    bool recording_ = true;
};

/// Runs body(slot, begin, end) for the chunks of pictures.
template <class Body>
void forSlots(Workers& workers, int pictures, const Body& body) {
    workers.sweep(kSlots, [&](int slot) {
        const SlotRange range = slotRange(pictures, slot);
        if (range.begin < range.end) body(slot, range.begin, range.end);
    });
}

template <class T>
template <class Build>
Var Tape<T>::withoutGradient(const Build& build) {
    const size_t first = nodes_.size();
    const bool before = recording_;
    recording_ = false;
    const Tensor<T> result = value(build());
    recording_ = before;
    maps_.retain(result.data);
    for (size_t i = nodes_.size(); i-- > first;) releaseNode(nodes_[i]);
    nodes_.resize(first);
    const Var kept = constant(result);
    maps_.release(result.data);
    return kept;
}

extern template class Gradients<float>;
extern template class Gradients<double>;
extern template class Tape<float>;
extern template class Tape<double>;

}  // namespace dna::autodiff
