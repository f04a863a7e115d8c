#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "core/base/error.h"

namespace dna::autodiff {

class ScalarTape;

/// A number that may depend on variables of a ScalarTape: the reverse-mode partner of Dual for formulas of many inputs.
/// Numbers without a tape are constants and record nothing.
struct Recorded {
    double value = 0;
    ScalarTape* tape = nullptr;
    uint32_t node = 0;  ///< on the tape; 0 for constants

    Recorded() = default;
    Recorded(double constant) : value(constant) {}  // NOLINT: constants mix with variables in formulas
    Recorded(double value, ScalarTape* tape, uint32_t node) : value(value), tape(tape), node(node) {}
    bool constant() const { return node == 0; }
    bool constantly(double number) const { return constant() && value == number; }

    Recorded& operator+=(const Recorded& o) { return *this = *this + o; }
    Recorded& operator-=(const Recorded& o) { return *this = *this - o; }
    Recorded& operator*=(const Recorded& o) { return *this = *this * o; }
    Recorded& operator/=(const Recorded& o) { return *this = *this / o; }

    friend Recorded operator+(const Recorded& a, const Recorded& b);
    friend Recorded operator-(const Recorded& a, const Recorded& b);
    friend Recorded operator-(const Recorded& a);
    friend Recorded operator*(const Recorded& a, const Recorded& b);
    friend Recorded operator/(const Recorded& a, const Recorded& b);
    friend bool operator<(const Recorded& a, const Recorded& b) { return a.value < b.value; }
    friend bool operator>(const Recorded& a, const Recorded& b) { return a.value > b.value; }
};

/// Records formulas of Recorded numbers in a flat arena of fixed size and differentiates them backwards: the cost of
/// all derivatives of one result is that of one sweep. Nothing is allocated after the construction. Numbers keep a
/// pointer to their tape, which must not move.
class ScalarTape {
public:
    /// Room for `capacity` variables and operations; one more trips DNA_CHECK.
    explicit ScalarTape(size_t capacity)
        : nodes_(std::make_unique_for_overwrite<Node[]>(capacity + 1)), capacity_(capacity) {
        DNA_CHECK(capacity < std::numeric_limits<uint32_t>::max(), "scalar tape: capacity");
        nodes_[0] = {};
    }
    ScalarTape(const ScalarTape&) = delete;
    ScalarTape& operator=(const ScalarTape&) = delete;

    /// Forgets everything; numbers recorded before must not be used any more.
    void reset() { size_ = 0; }
    /// A new independent variable.
    Recorded variable(double value) { return {value, this, push({})}; }
    /// A number that depends on one (b == 0) or two nodes with the given partial derivatives.
    Recorded record(double value, uint32_t a, double da, uint32_t b = 0, double db = 0) {
        return {value, this, push({a, b, da, db})};
    }
    /// Nodes in use.
    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }

    /// Derivatives of `y` by every recorded number x: slopes[x.node]. `slopes` has at least size() + 1 entries; the
    /// first one, that of the constants, means nothing.
    void gradient(const Recorded& y, std::span<double> slopes) const {
        DNA_CHECK(slopes.size() > size_, "scalar tape: buffer for the gradient");
        DNA_CHECK(y.constant() || (y.tape == this && y.node <= size_), "scalar tape: a number of another tape");
        std::fill_n(slopes.begin(), size_ + 1, 0.0);
        slopes[y.node] = 1;
        for (uint32_t i = y.node; i > 0; --i) {
            const double slope = slopes[i];
            if (slope == 0) continue;
            const Node& node = nodes_[i];
            slopes[node.a] += node.da * slope;
            slopes[node.b] += node.db * slope;
        }
    }

private:
    struct Node {
        uint32_t a = 0, b = 0;  ///< parents; 0 where there is none
        double da = 0, db = 0;  ///< partial derivatives by them
    };
    uint32_t push(const Node& node) {
        DNA_CHECK(size_ < capacity_, "scalar tape: arena is full");
        nodes_[++size_] = node;
        return static_cast<uint32_t>(size_);
    }

    std::unique_ptr<Node[]> nodes_;  ///< nodes_[0] stands for all constants
    size_t capacity_;
    size_t size_ = 0;
};

namespace detail {

inline Recorded recordUnary(double value, const Recorded& a, double da) { return a.tape->record(value, a.node, da); }
inline Recorded recordBinary(double value, const Recorded& a, double da, const Recorded& b, double db) {
    if (b.constant()) return recordUnary(value, a, da);
    if (a.constant()) return recordUnary(value, b, db);
    return a.tape->record(value, a.node, da, b.node, db);
}

}  // namespace detail

/// Neutral constants (x + 0, x * 1, x / 1) add no node either.
inline Recorded operator+(const Recorded& a, const Recorded& b) {
    if (a.constant() && b.constant()) return a.value + b.value;
    if (b.constantly(0)) return a;
    if (a.constantly(0)) return b;
    return detail::recordBinary(a.value + b.value, a, 1, b, 1);
}
inline Recorded operator-(const Recorded& a, const Recorded& b) {
    if (a.constant() && b.constant()) return a.value - b.value;
    if (b.constantly(0)) return a;
    return detail::recordBinary(a.value - b.value, a, 1, b, -1);
}
inline Recorded operator-(const Recorded& a) {
    if (a.constant()) return -a.value;
    return detail::recordUnary(-a.value, a, -1);
}
inline Recorded operator*(const Recorded& a, const Recorded& b) {
    if (a.constant() && b.constant()) return a.value * b.value;
    if (b.constantly(1)) return a;
    if (a.constantly(1)) return b;
    return detail::recordBinary(a.value * b.value, a, b.value, b, a.value);
}
inline Recorded operator/(const Recorded& a, const Recorded& b) {
    const double ratio = a.value / b.value;
    if (a.constant() && b.constant()) return ratio;
    if (b.constantly(1)) return a;
    return detail::recordBinary(ratio, a, 1 / b.value, b, -ratio / b.value);
}

}  // namespace dna::autodiff
