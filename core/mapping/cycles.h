#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/design/templates.h"
#include "core/mapping/plan.h"

namespace dna::mapping {

/// Cycles of one layer by exclusive class of the compute engine; their sum is the layer's latency.
struct CycleClasses {
    int64_t compute = 0;     ///< MAC cycles
    int64_t fill_drain = 0;  ///< parameter reads, bubbles, job set-up, pipeline and drain tails
    int64_t wait_load = 0;   ///< no loaded job
    int64_t wait_store = 0;  ///< no free output slot, or only the store engine is still busy
    int64_t total() const { return compute + fill_drain + wait_load + wait_store; }
};

/// When a layer (its last descriptor) was completely written to DRAM, and what its cycles went into.
struct LayerTime {
    int64_t done = 0;     ///< cycle of the last write response
    int64_t latency = 0;  ///< done - done of the layer before
    CycleClasses classes;
    int64_t read_beats = 0, write_beats = 0;
};

/// The cycle law of hardware.md 3.8a for the engines of rtlgen/rtl: load, compute and store work on jobs, connected by
/// slots per operand; descriptors and weights of a layer are fetched while the one before it computes, and a layer
/// reads rows of its input as soon as their writes are answered. Exact for the normative memory. A layer's latency
/// counts from the end of the one before, with which it overlaps: it may be less than its MAC cycles.
std::vector<LayerTime> networkCycles(const std::vector<LayerPlan>& plans, const design::MemoryModel& memory);

class Engines;

/// Layers that ran one behind the other, for searches that go on from here in several ways.
class LayerChain {
public:
    explicit LayerChain(const design::MemoryModel& memory);
    /// The same with one more layer, whose plan has to live until the next one is added.
    LayerChain with(const LayerPlan& plan) const;
    int64_t done() const;  ///< of the last layer; 0 without layers

private:
    explicit LayerChain(std::shared_ptr<const Engines> engines) : engines_(std::move(engines)) {}
    std::shared_ptr<const Engines> engines_;
};

/// Cycles of the whole network: the last layer's `done`.
int64_t networkLatency(const std::vector<const LayerPlan*>& plans, const design::MemoryModel& memory);

/// What one layer adds to a chain of layers, estimated by running it behind itself: what searches use. Without classes.
LayerTime layerCycles(const LayerPlan& plan, const design::MemoryModel& memory);

/// Compute-engine cycles of one job from its first issue to its last (blocks, bubbles and parameter reads).
int64_t jobIssueCycles(const LayerPlan& plan, const SubPlan& sub, int row_tile, int channel_tile);
/// MAC cycles of a layer: what compute would take alone.
int64_t macCycles(const LayerPlan& plan);

}  // namespace dna::mapping
