#include "costmodel/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/base/error.h"
#include "core/design/templates.h"

namespace dna::costmodel {

using base::Json;
using mapping::LayerPlan;

const std::array<std::string, kLevels>& levelNames() {
    static const std::array<std::string, kLevels> names{"dram", "gb", "noc", "rf", "mac", "ppu", "control", "leakage"};
    return names;
}

namespace {

constexpr double kBeatBits = 128;
constexpr double kDescriptorSourceBits = 18;             ///< registers of dna_descriptor_source
constexpr int kReferenceAccumulator = 28;                ///< at which LogicPrices are given
constexpr int kReferenceMultiplier = 16;                 ///< the same of lanes
constexpr int kParameterBits = 32 + 6;                   ///< of a column in its lane, beside the multiplier: bias, shift
constexpr int kReferenceWords = 16, kReferenceSum = 24;  ///< the same of row-stationary PEs

/// Operand byte lanes: a held word a row, a weight a column.
double byteLanes(const design::Chunk& chunk) { return double(chunk.lanes()) * design::kWordBytes + chunk.cols * chunk.operand_bits / 8.0; }

/// Bits of a row-stationary PE's sums: products of half its weights, added over a chain of at most all rows.
int sumBits(const design::Chunk& chunk) {
    const int widest = 2 * chunk.operand_bits + std::countr_zero(unsigned(chunk.rf_words)) - 1 +
                       std::countr_zero(unsigned(chunk.rows));
    return std::min(widest, chunk.accumulator_bits);
}

/// Row-stationary: multiplexer bits (inputs but one) in front of the array rows and behind their totals.
double pickBits(const design::Chunk& chunk) {
    if (!chunk.rowStationary()) return 0;
    return (chunk.rows - 1.0) * (chunk.rows * kBeatBits + double(chunk.cols) * sumBits(chunk));
}

/// Row-stationary: registers of the array rows' places (place in the chain, input row, first channel).
double foldBits(const design::Chunk& chunk) {
    if (!chunk.rowStationary()) return 0;
    return chunk.rows * (6.0 + std::countr_zero(unsigned(chunk.rows)) + std::countr_zero(unsigned(chunk.block())));
}

struct PePrice {
    double area_um2 = 0, mac_pj = 0, idle_pj = 0;
};

/// Prices are characterised for 8-bit operands and 16-bit multipliers. Other widths follow laws through the cell areas of
/// mapped modules (nangate45, mapped for area): dna_pe 484, 971 and 2534 um2 at 4, 8 and 16 bits with accumulators of 20,
/// 28 and 44; dna_ppu_lane 7375, 8693 and 13127 um2, and 16606 with a multiplier of 32 bits. Energies are taken to follow
/// the areas; cost.json says `operand_prices: scaled`.
double peScale(const design::Chunk& chunk) {
    const double ratio = chunk.operand_bits / 8.0;
    return 0.5 + 0.1 * ratio + 0.4 * ratio * ratio;
}
double laneScale(const design::Chunk& chunk) {
    const double ratio = chunk.operand_bits / 8.0;
    return (0.77 + 0.09 * ratio + 0.14 * ratio * ratio) * (chunk.multiplier_bits == 32 ? 1.91 : 1.0);
}

PePrice peOf(const design::Chunk& chunk, const LogicPrices& logic) {
    const double scale = peScale(chunk);
    if (chunk.array == design::Template::DotLanes)
        return {logic.dot_area_um2 * scale, logic.dot_mac_energy_pj * scale, logic.dot_idle_energy_pj * scale};
    if (chunk.array == design::Template::WeightStationary)
        return {logic.systolic_area_um2 * scale, logic.systolic_mac_energy_pj * scale,
                logic.systolic_idle_energy_pj * scale};
    if (chunk.rowStationary()) {
        const int words = chunk.rf_words - kReferenceWords, bits = sumBits(chunk) - kReferenceSum;
        return {logic.row_area_um2 * scale + words * logic.row_area_per_word_um2 + bits * logic.row_area_per_sum_bit_um2,
                logic.row_mac_energy_pj * scale + words * logic.row_mac_energy_per_word_pj +
                    bits * logic.row_mac_energy_per_sum_bit_pj,
                logic.row_idle_energy_pj * scale + words * logic.row_idle_energy_per_word_pj};
    }
    const int extra = chunk.accumulator_bits - kReferenceAccumulator;
    return {logic.pe_area_um2 * scale + extra * logic.pe_area_per_accumulator_bit_um2,
            logic.mac_energy_pj * scale + extra * logic.mac_energy_per_accumulator_bit_pj,
            logic.pe_idle_energy_pj * scale};
}

/// Bits of the registers that delay the rows of a systolic array: row r's operand and swap by r cycles.
double skewBits(const design::Chunk& chunk) {
    if (chunk.array != design::Template::WeightStationary) return 0;
    return (chunk.operand_bits + 1) * 0.5 * chunk.rows * (chunk.rows - 1);
}

/// Flip-flops of one PE: operands, product, sums.
double registerBits(const design::Chunk& chunk) {
    const int product = 2 * chunk.operand_bits;
    if (chunk.rowStationary()) return (2 + chunk.rf_words) * chunk.operand_bits + product + 2 * sumBits(chunk);
    if (!chunk.weightsStay()) return 2 * chunk.operand_bits + product + chunk.accumulator_bits;
    const bool chain = chunk.array == design::Template::WeightStationary;
    return 3 * chunk.operand_bits + product + (chain ? product + std::countr_zero(unsigned(chunk.rows)) : 0);
}

struct LanePrice {
    double area_um2 = 0, value_pj = 0, idle_pj = 0;
};

/// A lane and, where it has several columns, what that adds: parameters, the choice among them, and outside the lane
/// the values that wait for the others. What is added grows with the bits of a column's parameters and sum.
LanePrice laneOf(const design::Chunk& chunk, const LogicPrices& logic) {
    const double scale = laneScale(chunk);
    LanePrice lane{logic.lane_area_um2 * scale, logic.lane_energy_pj * scale, logic.lane_idle_energy_pj * scale};
    if (chunk.columns_per_lane == 1) return lane;
    const double column = (kParameterBits + chunk.multiplier_bits + chunk.accumulator_bits) /
                          double(kParameterBits + kReferenceMultiplier + kReferenceAccumulator);
    const int further = chunk.columns_per_lane - 2;
    const double waiting = (chunk.columns_per_lane - 1) * chunk.operand_bits;
    const auto added = [&](double own, double shared, double per_column, double per_waiting_bit) {
        return column * (shared + further * per_column - own) + waiting * per_waiting_bit;
    };
    lane.area_um2 += added(logic.lane_area_um2, logic.shared_lane_area_um2, logic.shared_lane_area_per_column_um2,
                           logic.register_area_per_bit_um2);
    lane.value_pj += added(logic.lane_energy_pj, logic.shared_lane_energy_pj, logic.shared_lane_energy_per_column_pj,
                           logic.register_energy_per_bit_pj);
    lane.idle_pj += added(logic.lane_idle_energy_pj, logic.shared_lane_idle_energy_pj,
                          logic.shared_lane_idle_energy_per_column_pj, logic.register_energy_per_bit_pj);
    return lane;
}

AreaParts areaOf(const design::Chunk& chunk, const LogicPrices& logic, const ChunkPrices& prices) {
    const double stages = chunk.rowStationary() ? 0 : std::countr_zero(unsigned(chunk.lanes()));
    AreaParts area;
    area.pe = chunk.rows * chunk.cols * peOf(chunk, logic).area_um2;
    area.ppu = chunk.postLanes() * laneOf(chunk, logic).area_um2;
    area.noc = logic.align_area_per_bit_stage_um2 * chunk.lanes() * kBeatBits * stages +
               logic.noc_area_per_byte_um2 * byteLanes(chunk) +
               (skewBits(chunk) + foldBits(chunk)) * logic.register_area_per_bit_um2 +
               pickBits(chunk) * logic.pick_area_per_bit_um2;
    if (chunk.hasPartialSums()) {
        area.pe += chunk.cols * logic.psum_area_um2;
        area.psum_buffer = 2.0 * prices.psum.area_um2;
    }
    const double sums = chunk.cols * chunk.accumulator_bits;
    // Registers that may stand still: a PE's drain register, or the row of sums behind the partial sums.
    if (chunk.split_reduction || chunk.columns_per_lane > 1)
        area.pe += (chunk.weightsStay() ? 1 : chunk.rows) * sums * logic.pick_area_per_bit_um2;
    if (chunk.split_reduction) {
        // Reloaded sums have an adder and a register a column.
        area.ppu += sums * (logic.pe_area_per_accumulator_bit_um2 + logic.pick_area_per_bit_um2);
    }
    // Packed weights: a multiplexer a bit of the word, and the part's second bit on its way through five stages.
    if (chunk.packed_weights) area.noc += kBeatBits * logic.pick_area_per_bit_um2 + 5 * logic.register_area_per_bit_um2;
    area.control = logic.control_area_um2;
    // Descriptors in the chip: a choice in front of the word register of the load engine, and what counts its words.
    if (chunk.localDescriptors())
        area.control += kBeatBits * logic.pick_area_per_bit_um2 + kDescriptorSourceBits * logic.register_area_per_bit_um2;
    area.descriptor_ram = prices.descriptor_ram.area_um2;
    area.input_buffer = chunk.input_slots * chunk.lanes() * prices.input.area_um2;
    area.weight_buffer = chunk.weight_slots * prices.weight.area_um2;
    area.output_buffer = chunk.output_slots * prices.output.area_um2;
    area.residual_buffer = area.output_buffer;
    return area;
}

double leakageMw(const design::Chunk& chunk, const LogicPrices& logic, const ChunkPrices& p) {
    return p.area.logic() * 1e-6 * logic.leakage_mw_per_mm2 +
           chunk.input_slots * chunk.lanes() * p.input.leakage_mw + 2.0 * p.psum.leakage_mw +
           chunk.weight_slots * p.weight.leakage_mw + 2.0 * chunk.output_slots * p.output.leakage_mw +
           p.descriptor_ram.leakage_mw;
}

/// A memory of a buffer, with what choosing the word of one of its banks costs.
MemoryPrice priceBuffer(const Technology& technology, int words, int banks) {
    MemoryPrice price = priceBanks(technology.memory, words, int(kBeatBits), banks);
    price.area_um2 += (banks - 1) * kBeatBits * technology.logic.pick_area_per_bit_um2;
    price.read_pj += std::countr_zero(unsigned(banks)) * kBeatBits * technology.logic.pick_energy_per_bit_pj;
    return price;
}

}  // namespace

ChunkPrices pricesOf(const design::Chunk& chunk, const Technology& technology, const std::string& dram,
                     double clock_mhz) {
    const LogicPrices& logic = technology.logic;
    if (chunk.hasPartialSums() && peOf(chunk, logic).area_um2 <= 0)
        throw base::InputError(
            "technology " + technology.name, "/logic",
            fmt::format("has no prices of {} PEs: make them with dna characterize", templateName(chunk.array)));
    if (chunk.columns_per_lane > 1 && logic.shared_lane_area_um2 <= 0)
        throw base::InputError("technology " + technology.name, "/logic",
                               "has no prices of lanes of several columns: make them with dna characterize");
    ChunkPrices p;
    p.input = priceBuffer(technology, chunk.input_words, chunk.input_banks);
    p.weight = priceBuffer(technology, chunk.weight_words, chunk.weight_banks);
    p.output = priceBuffer(technology, chunk.output_words, chunk.output_banks);
    if (chunk.descriptorRamWords() > 0)
        p.descriptor_ram = priceMemory(technology.memory, chunk.descriptorRamWords(), int(kBeatBits));
    const PePrice pe = peOf(chunk, logic);
    p.rf_pj = std::min(registerBits(chunk) * logic.register_energy_per_bit_pj, pe.mac_pj);
    p.mac_pj = pe.mac_pj - p.rf_pj;
    p.idle_pj = pe.idle_pj;
    if (chunk.hasPartialSums()) {
        p.psum = priceMemory(technology.memory, chunk.psum_words / 2, chunk.psumBits());
        p.psum_pj = chunk.cols * logic.psum_energy_pj;
    }
    if (chunk.rowStationary()) {
        const double inputs = chunk.rows - 1.0;
        p.psum_pj += inputs * chunk.cols * sumBits(chunk) * logic.pick_energy_per_bit_pj;
        p.pick_pj = inputs * kBeatBits * logic.pick_energy_per_bit_pj;
    }
    p.noc_pj = logic.noc_energy_per_word_pj * chunk.operand_bits / 8;
    p.noc_clock_pj = logic.noc_clock_energy_per_byte_pj * byteLanes(chunk) +
                     (skewBits(chunk) + foldBits(chunk)) * logic.register_energy_per_bit_pj;
    const LanePrice lane = laneOf(chunk, logic);
    p.lane_pj = lane.value_pj, p.lane_idle_pj = lane.idle_pj;
    p.control_pj = logic.control_energy_per_cycle_pj;
    p.dma_pj = logic.dma_energy_per_word_pj;
    const DramPart& part = dramPart(technology, dram);
    p.dram_read_pj = part.read_pj_per_bit * kBeatBits, p.dram_write_pj = part.write_pj_per_bit * kBeatBits;
    p.lanes = chunk.postLanes(), p.pes = chunk.rows * chunk.cols;
    p.area = areaOf(chunk, logic, p);
    p.leakage_pj_per_cycle = leakageMw(chunk, logic, p) * 1e3 / clock_mhz;  // mW / MHz = nJ, in pJ
    return p;
}

EventCounts<double> eventsOf(const AccessCounts& n, double cycles, const ChunkPrices& prices) {
    EventCounts<double> e;
    e.dram_reads = double(n.dramReads());
    e.dram_writes = double(n.dram_output_writes);
    e.input_reads = double(n.input_reads), e.input_writes = double(n.input_writes);
    e.weight_reads = double(n.weight_reads), e.weight_writes = double(n.weight_writes);
    e.output_reads = double(n.output_reads + n.residual_reads),
    e.output_writes = double(n.output_writes + n.residual_writes);
    e.descriptor_reads = double(n.descriptor_reads);
    e.psum_reads = double(n.psum_reads), e.psum_writes = double(n.psum_writes);
    e.sums = double(n.sums), e.picks = double(n.noc_picks);
    e.macs = double(n.mac_cycles) * prices.pes;
    e.pe_cycles = cycles * prices.pes;
    e.noc_bytes = double(n.noc_inputs + n.noc_weights);
    e.values = double(n.outputs);
    e.lane_cycles = std::max(cycles * prices.lanes, e.values);
    e.cycles = cycles;
    e.dma_words = e.dram_reads + e.dram_writes;
    return e;
}

double LayerCost::energyPj() const { return std::accumulate(level_pj.begin(), level_pj.end(), 0.0); }
double LayerCost::chipEnergyPj() const { return energyPj() - level_pj[size_t(Level::Dram)]; }

LayerCost costOf(const LayerPlan& plan, const mapping::LayerTime& time, const ChunkPrices& prices) {
    LayerCost cost;
    cost.name = plan.layer.name;
    cost.macs = plan.layer.macs;
    cost.time = time;
    cost.counts = countAccesses(plan);
    cost.level_pj = levelEnergies(eventsOf(cost.counts, double(time.latency), prices), prices);
    const double compute = double(mapping::macCycles(plan));
    const double beats = double(std::max(cost.counts.readBeats(), cost.counts.writeBeats()));
    cost.utilization = double(cost.macs) / (double(prices.pes) * double(time.latency));
    cost.roofline = compute / std::max(compute, beats);
    return cost;
}

double NetworkCost::latencyCycles() const {
    double cycles = 0;
    for (const LayerCost& layer : layers) cycles += double(layer.time.latency);
    return cycles;
}

double NetworkCost::energyMj(bool system) const {
    double pj = 0;
    for (const LayerCost& layer : layers) pj += system ? layer.energyPj() : layer.chipEnergyPj();
    return pj * 1e-9;
}

NetworkCost networkCost(const std::vector<LayerPlan>& plans, const design::Design& design, const Technology& technology,
                        const design::Target& target) {
    const design::Chunk& chunk = design.chunk();
    const ChunkPrices prices = pricesOf(chunk, technology, target.dram, target.clock_mhz);
    NetworkCost cost;
    cost.area = prices.area;
    cost.clock_mhz = target.clock_mhz;
    cost.sram_bytes = sramBytes(chunk);
    cost.unpriced_rom = chunk.descriptors == design::DescriptorSource::Rom;
    cost.scaled_prices = chunk.operand_bits != 8 || chunk.multiplier_bits != 16;
    const std::vector<mapping::LayerTime> times = mapping::networkCycles(plans, design::MemoryModel{});
    for (size_t i = 0; i < plans.size(); ++i) cost.layers.push_back(costOf(plans[i], times[i], prices));
    return cost;
}

std::vector<design::Violation> limitViolations(double energy_pj, double latency_cycles, double area_um2,
                                               double sram_bytes, double clock_mhz, const design::Limits& limits) {
    std::vector<design::Violation> found;
    auto atMost = [&](const char* name, double value, const std::optional<double>& bound) {
        if (bound && value > *bound) found.push_back({name, value, *bound, value / *bound - 1});
    };
    const double latency_ms = latency_cycles / clock_mhz / 1e3;
    atMost("max_area_um2", area_um2, limits.max_area_um2);
    atMost("max_energy_mj", energy_pj * 1e-9, limits.max_energy_mj);
    atMost("max_latency_ms", latency_ms, limits.max_latency_ms);
    atMost("max_sram_bytes", sram_bytes, limits.max_sram_bytes);
    const double fps = 1e3 / latency_ms;
    if (limits.min_fps && fps < *limits.min_fps)
        found.push_back({"min_fps", fps, *limits.min_fps, *limits.min_fps / fps - 1});
    return found;
}

std::vector<design::Violation> violations(const NetworkCost& cost, const design::Limits& limits) {
    return limitViolations(cost.energyMj(true) * 1e9, cost.latencyCycles(), cost.area.total(), cost.sram_bytes,
                           cost.clock_mhz, limits);
}

double sramBytes(const design::Chunk& chunk) {
    const double psum = chunk.hasPartialSums() ? chunk.psum_words * double(chunk.psumBits()) / 8 : 0;
    return psum + design::kWordBytes * (double(chunk.descriptorRamWords()) + double(chunk.input_slots) * chunk.lanes() * chunk.input_words +
                                        double(chunk.weight_slots) * chunk.weight_words +
                                        2.0 * chunk.output_slots * chunk.output_words);
}

namespace {

Json levelJson(const LayerCost& layer, Level level) {
    const AccessCounts& n = layer.counts;
    Json json;
    json["name"] = levelNames()[size_t(level)];
    auto tensors = [](int64_t input, int64_t weight, int64_t output) {
        return Json{{"input", input}, {"weight", weight}, {"output", output}};
    };
    if (level == Level::Dram) {
        json["reads"] =
            tensors(n.dram_input_reads + n.dram_residual_reads, n.dram_weight_reads + n.dram_descriptor_reads, 0);
        json["updates"] = tensors(0, 0, n.dram_output_writes);
    } else if (level == Level::Gb) {
        json["reads"] = tensors(n.input_reads, n.weight_reads + n.descriptor_reads, n.output_reads + n.residual_reads);
        json["fills"] = tensors(n.input_writes, n.weight_writes, n.residual_writes);
        json["updates"] = tensors(0, 0, n.output_writes);
    } else if (level == Level::Noc) {
        json["accesses"] = tensors(n.noc_inputs, n.noc_weights, 0);
    } else if (level == Level::Mac) {
        json["accesses"] = Json{{"mac_cycles", n.mac_cycles}, {"useful_macs", n.macs}};
    } else if (level == Level::Ppu) {
        json["accesses"] = tensors(0, 0, n.outputs);
    }
    json["energy_pj"] = layer.level_pj[size_t(level)];
    return json;
}

Json layerJson(const LayerCost& layer) {
    Json json;
    json["name"] = layer.name;
    json["chunk"] = 0;
    json["macs"] = layer.macs;
    json["latency_cycles"] = layer.time.latency;
    json["utilization"] = layer.utilization;
    json["roofline"] = layer.roofline;
    const mapping::CycleClasses& c = layer.time.classes;
    json["cycle_classes"] = Json{
        {"compute", c.compute}, {"fill_drain", c.fill_drain}, {"wait_load", c.wait_load}, {"wait_store", c.wait_store}};
    json["energy_pj"] = layer.energyPj();
    json["levels"] = Json::array();
    for (size_t i = 0; i < kLevels; ++i) json["levels"].push_back(levelJson(layer, Level(i)));
    return json;
}

Json areaJson(const AreaParts& area) {
    Json json{{"pe", area.pe},
              {"ppu", area.ppu},
              {"noc", area.noc},
              {"control", area.control},
              {"input_buffer", area.input_buffer},
              {"weight_buffer", area.weight_buffer},
              {"output_buffer", area.output_buffer},
              {"residual_buffer", area.residual_buffer},
              {"psum_buffer", area.psum_buffer}};
    if (area.descriptor_ram > 0) json["descriptor_ram"] = area.descriptor_ram;
    return json;
}

}  // namespace

Json toJson(const NetworkCost& cost, const Technology& technology, const design::Target& target) {
    Json json = base::makeDocument("cost");
    json["technology"] = technology.name;
    json["memory_source"] = technology.memory.kind;
    json["operand_prices"] = cost.scaled_prices ? "scaled" : "characterised";
    if (cost.unpriced_rom) json["descriptor_rom"] = "not in the model";
    json["dram"] = target.dram;
    Json totals;
    totals["latency_cycles"] = int64_t(cost.latencyCycles());
    totals["clock_mhz"] = cost.clock_mhz;
    totals["latency_ms"] = cost.latencyMs();
    totals["energy_mj"] = Json{{"chip", cost.energyMj(false)}, {"system", cost.energyMj(true)}};
    totals["edp_mj_ms"] = Json{{"chip", cost.edp(false)}, {"system", cost.edp(true)}};
    totals["area_um2"] = cost.area.total();
    totals["throughput_fps"] = 1e3 / cost.latencyMs();
    totals["sram_bytes"] = int64_t(cost.sram_bytes);
    json["totals"] = totals;
    json["area"] = areaJson(cost.area);
    json["layers"] = Json::array();
    for (const LayerCost& layer : cost.layers) json["layers"].push_back(layerJson(layer));
    return json;
}

}  // namespace dna::costmodel
