#include "costmodel/loopnest/mapper/orders.h"

#include <initializer_list>

namespace dna::costmodel::loopnest {
namespace {

class Builder {
public:
    explicit Builder(const Factors& loops) {
        for (int d = 0; d < kDims; ++d)
            if (loops[d] > 1) present_ |= 1u << d;
    }
    bool has(Dim d) const { return present_ >> index(d) & 1; }
    bool hasOnly(Dim d) const { return present_ == 1u << index(d); }

    /// `inner` first, then those of `group`, then the rest.
    void add(std::initializer_list<Dim> inner, std::initializer_list<Dim> group) {
        LoopOrder order;
        unsigned used = 0;
        const auto put = [&](Dim d) {
            if (!has(d) || (used >> index(d) & 1)) return;
            used |= 1u << index(d);
            order.dims[order.count++] = d;
        };
        for (const Dim d : inner) put(d);
        for (const Dim d : group) put(d);
        for (int d = 0; d < kDims; ++d) put(static_cast<Dim>(d));
        orders_.push_back(order);
    }
    std::vector<LoopOrder> take() { return std::move(orders_); }

private:
    unsigned present_ = 0;
    std::vector<LoopOrder> orders_;
};

/// The other dimension that moves an input tile along the same axis.
Dim partner(Dim d) {
    switch (d) {
        case Dim::P:
            return Dim::R;
        case Dim::R:
            return Dim::P;
        case Dim::Q:
            return Dim::S;
        default:
            return Dim::Q;
    }
}
bool slides(Dim d) { return d == Dim::P || d == Dim::Q || d == Dim::R || d == Dim::S; }

}  // namespace

std::vector<LoopOrder> undominatedOrders(const Factors& loops) {
    Builder build(loops);
    const std::initializer_list<Dim> none{};
    const std::initializer_list<Dim> keeps_weights = {Dim::P, Dim::Q, Dim::N}, keeps_outputs = {Dim::C, Dim::R, Dim::S};
    bool any = false;
    for (const auto& group : {keeps_weights, keeps_outputs})
        for (const Dim first : group) {
            if (!build.has(first)) continue;
            any = true;
            build.add({first}, group);
            if (slides(first) && build.has(partner(first))) build.add({first, partner(first)}, group);
        }
    if (build.has(Dim::M)) {
        bool followed = false;
        for (const Dim second : {Dim::C, Dim::P, Dim::Q, Dim::R, Dim::S}) {
            if (!build.has(second)) continue;
            followed = any = true;
            build.add({Dim::M, second}, none);
            if (slides(second) && build.has(partner(second))) build.add({Dim::M, second, partner(second)}, none);
        }
        if (!followed) any = true, build.add({Dim::M}, none);
    }
    if (!any) build.add({}, none);  // groups only, or no loop at all
    return build.take();
}

}  // namespace dna::costmodel::loopnest
