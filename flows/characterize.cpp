#include "flows/characterize.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "core/base/error.h"
#include "core/base/file.h"
#include "flows/chip_power.h"
#include "flows/work_folder.h"
#include "flows/yosys.h"
#include "rtlgen/chip.h"

namespace dna::flows {
namespace fs = std::filesystem;
namespace {

constexpr int kReferenceAccumulator = 28;  ///< width at which PE prices are given
constexpr int kNarrowAccumulator = 20;     ///< second point for the slope
constexpr int kSyntheticCycles = 64 * 400;

class Characterisation {
public:
    Characterisation(const CharacterizeStage& options, base::Log& log)
        : platform_(builtinPlatform(options.platform)), prepared_(preparePlatform(platform_, platformFolder(platform_, options.pdk_root))), log_(log) {}

    costmodel::Technology run() {
        costmodel::Technology technology;
        technology.name = platform_.name;
        technology.node_nm = platform_.node_nm;
        technology.voltage = platform_.voltage;
        technology.clock_mhz = platform_.clock_mhz;
        technology.memory = prepared_.memory;
        technology.drams[platform_.dram] = {"LPDDR4, 8 pJ per bit (Timeloop's public technology table)", 8.0, 8.0};
        technology.sources["dram"] = "LPDDR4 at 8 pJ per bit, the value of Timeloop's public technology table";
        technology.sources["memory"] = prepared_.memory.kind + ": " + platform_.memory_note;
        technology.sources["logic"] = fmt::format(
            "dna characterize --platform {}: Yosys {}, an 8x8 chip at {} MHz; Liberty sums over gate-level toggles of one PE and one "
            "requantisation lane (synthetic operands, zero delay, no glitches, no wires), other logic at {} toggles per net and cycle",
            platform_.name, yosysVersion(), platform_.clock_mhz, kAssumedActivity);
        technology.sources["shared_lanes"] = fmt::format(
            "dna characterize --platform {}: as logic, lanes of two and of four columns mapped alone", platform_.name);
        technology.logic = pes();
        chip(technology.logic);
        return technology;
    }

    costmodel::LogicPrices pes() {
        costmodel::LogicPrices logic;
        const PePoint wide = pePoint(kReferenceAccumulator), narrow = pePoint(kNarrowAccumulator);
        const double bits = kReferenceAccumulator - kNarrowAccumulator;
        logic.pe_area_um2 = wide.area;
        logic.pe_area_per_accumulator_bit_um2 = std::max((wide.area - narrow.area) / bits, 0.0);
        logic.mac_energy_pj = wide.busy_pj;
        logic.mac_energy_per_accumulator_bit_pj = std::max((wide.busy_pj - narrow.busy_pj) / bits, 0.0);
        logic.pe_idle_energy_pj = wide.idle_pj;
        stationary(logic);
        rowStationary(logic);
        sharedLanes(logic);
        logic.register_energy_per_bit_pj = wide.clock_pj / (8 + 8 + 16 + 2 * kReferenceAccumulator);
        return logic;
    }

private:
    YosysResult map(const design::Design& design, const std::string& top, const std::string& name) {
        const rtlgen::Chip chip = rtlgen::emitChip(design);
        YosysOptions options{.sources = {}, .top = top, .clock_mhz = platform_.clock_mhz, .folder = work_.folder() / name};
        for (const std::string& file : chip.order) {
            base::makeFolder((options.folder / file).parent_path());
            base::writeFileAtomic(options.folder / file, chip.files.at(file));
            options.sources.push_back(options.folder / file);
        }
        return synthesise(options, platform_, prepared_, log_);
    }

    struct PePoint {
        double area, busy_pj, idle_pj, clock_pj;
    };
    PePoint pePoint(int accumulator_bits) {
        const YosysResult mapped = mapWrapped(fmt::format("pe{}", accumulator_bits), fmt::format(
            "module wrapped (input clk, input [7:0] x_i, input [7:0] w_i, input first_i, input transfer_i, input [{0}:0] chain_i, output [{0}:0] chain_o);\n"
            "  dna_pe #(.ACC_BITS({1})) u_pe (.clk(clk), .x_i(x_i), .w_i(w_i), .max_i(1'b0), .first_i(first_i), .shift_i(1'b1), .transfer_i(transfer_i), .chain_i(chain_i), .chain_o(chain_o));\n"
            "endmodule\n",
            accumulator_bits - 1, accumulator_bits));
        const PeEnergy energy = peEnergy(*mapped.netlist.find("dna_pe"), prepared_.library, platform_.input_slew_ns,
                                         syntheticPeTrace(kSyntheticCycles, 1), "synthetic operands");
        return {areaOf(mapped, "dna_pe"), energy.busy.total(), energy.idle.total(), energy.busy.clock_pj};
    }

    /// Maps a module `wrapped` around some of the library's: of `library`, PEs and what stands beside them unless told.
    YosysResult mapWrapped(const std::string& name, const std::string& text,
                           const std::vector<std::string>& library = {"dna_pe", "dna_pe_ws", "dna_product", "dna_tree", "dna_psum", "dna_sram_sp",
                                                                      "dna_pe_rs", "dna_pick"}) {
        const fs::path folder = work_.folder() / name;
        base::makeFolder(folder);
        YosysOptions options{.sources = {folder / "top.v"}, .top = "wrapped", .clock_mhz = platform_.clock_mhz, .folder = folder, .has_control = false};
        base::writeFileAtomic(folder / "top.v", text);
        const rtlgen::Chip chip = rtlgen::emitChip(design::Design{});
        for (const std::string& module : library) {
            base::writeFileAtomic(folder / (module + ".v"), chip.files.at(fmt::format("rtl/{}.v", module)));
            options.sources.push_back(folder / (module + ".v"));
        }
        return synthesise(options, platform_, prepared_, log_);
    }

    double areaOf(const YosysResult& mapped, const std::string& module) const {
        for (const ModuleArea& m : moduleAreas(mapped.netlist, mapped.areas, prepared_.library))
            if (m.module == module) return m.own_um2;
        return 0;
    }

    /// PEs where weights stay. A new weight every 36 steps; the tree and the partial sums at the assumed activity.
    void stationary(costmodel::LogicPrices& logic) {
        const std::vector<PeOperands> trace = syntheticPeTrace(kSyntheticCycles, 1);
        const auto price = [&](const YosysResult& mapped) {
            return peEnergy(*mapped.netlist.find("dna_pe_ws"), prepared_.library, platform_.input_slew_ns, trace, "synthetic operands");
        };
        const auto assumed = [&](const YosysResult& mapped, const char* module) {
            return assumedEnergy(*mapped.netlist.find(module), prepared_.library, platform_.input_slew_ns, kAssumedActivity).total();
        };
        const char* pe_ports = "input clk, input [7:0] x_i, input [7:0] w_i, input load_i, input swap_i, ";
        const char* pe_wires = ".clk(clk), .x_i(x_i), .w_i(w_i), .load_i(load_i), .swap_i(swap_i), .chain_i(chain_i), .out_o(out_o)";
        const YosysResult dot = mapWrapped("dot", fmt::format(
            "module wrapped ({0}input [15:0] chain_i, output [15:0] out_o, input [255:0] terms_i, output [19:0] sum_o);\n"
            "  dna_pe_ws #(.CHAIN(0), .OUT_BITS(16)) u_pe ({1});\n"
            "  dna_tree #(.LEVELS(4), .BITS(16), .CUT(2)) u_tree (.clk(clk), .terms_i(terms_i), .sum_o(sum_o));\n"
            "endmodule\n", pe_ports, pe_wires));
        constexpr double kLane = 16;
        const PeEnergy dot_energy = price(dot);
        logic.dot_area_um2 = areaOf(dot, "dna_pe_ws") + areaOf(dot, "dna_tree") / kLane;
        logic.dot_mac_energy_pj = dot_energy.busy.total() + assumed(dot, "dna_tree") / kLane;
        logic.dot_idle_energy_pj = dot_energy.idle.total();
        const YosysResult systolic = mapWrapped("systolic", fmt::format(
            "module wrapped ({0}input [19:0] chain_i, output [19:0] out_o);\n"
            "  dna_pe_ws #(.CHAIN(1), .OUT_BITS(20)) u_pe ({1});\nendmodule\n", pe_ports, pe_wires));
        const PeEnergy systolic_energy = price(systolic);
        logic.systolic_area_um2 = areaOf(systolic, "dna_pe_ws");
        logic.systolic_mac_energy_pj = systolic_energy.busy.total();
        logic.systolic_idle_energy_pj = systolic_energy.idle.total();
        const YosysResult psum = mapWrapped("psum", fmt::format(
            "module wrapped (input clk, input read_i, input [5:0] read_addr_i, input [159:0] sums_i, input first_i, input write_i, "
            "input [5:0] write_addr_i, output [{0}:0] row_o);\n"
            "  dna_psum #(.COLS(8), .SUM_BITS(20), .ACC_BITS({1}), .WORDS(64), .ADDR(6)) u_psum (.clk(clk), .read_i(read_i), "
            ".read_addr_i(read_addr_i), .sums_i(sums_i), .first_i(first_i), .write_i(write_i), .write_addr_i(write_addr_i), .row_o(row_o));\n"
            "endmodule\n", 8 * kReferenceAccumulator - 1, kReferenceAccumulator));
        constexpr double kColumns = 8;
        logic.psum_area_um2 = areaOf(psum, "dna_psum") / kColumns;
        logic.psum_energy_pj = assumed(psum, "dna_psum") / kColumns;
    }

    PePoint rowPoint(int words, int sum_bits) {
        const int address = std::countr_zero(unsigned(words));
        const YosysResult mapped = mapWrapped(fmt::format("row{}_{}", words, sum_bits), fmt::format(
            "module wrapped (input clk, input [7:0] x_i, input [7:0] w_i, input write_i, input [{0}:0] place_i, input [{0}:0] read_i, "
            "input use_i, input first_i, input transfer_i, input join_i, input [{1}:0] chain_i, output [{1}:0] chain_o);\n"
            "  dna_pe_rs #(.DEPTH({2}), .RADDR({3}), .SUM_BITS({4})) u_pe (.clk(clk), .x_i(x_i), .w_i(w_i), .write_i(write_i), "
            ".place_i(place_i), .read_i(read_i), .use_i(use_i), .first_i(first_i), .transfer_i(transfer_i), .join_i(join_i), "
            ".chain_i(chain_i), .chain_o(chain_o));\nendmodule\n",
            address - 1, sum_bits - 1, words, address, sum_bits));
        const PeEnergy energy = peEnergy(*mapped.netlist.find("dna_pe_rs"), prepared_.library, platform_.input_slew_ns,
                                         syntheticPeTrace(kSyntheticCycles, 1), "synthetic operands");
        return {areaOf(mapped, "dna_pe_rs"), energy.busy.total(), energy.idle.total(), energy.busy.clock_pj};
    }

    /// Row-stationary PEs at three points; a multiplexer of eight words at the assumed activity.
    void rowStationary(costmodel::LogicPrices& logic) {
        constexpr int kWords = 16, kMoreWords = 32, kSum = 24, kNarrowSum = 20;
        const PePoint base = rowPoint(kWords, kSum), deep = rowPoint(kMoreWords, kSum), narrow = rowPoint(kWords, kNarrowSum);
        constexpr double kExtraWords = kMoreWords - kWords, kExtraBits = kSum - kNarrowSum;
        logic.row_area_um2 = base.area, logic.row_mac_energy_pj = base.busy_pj, logic.row_idle_energy_pj = base.idle_pj;
        logic.row_area_per_word_um2 = (deep.area - base.area) / kExtraWords;
        logic.row_mac_energy_per_word_pj = (deep.busy_pj - base.busy_pj) / kExtraWords;
        logic.row_idle_energy_per_word_pj = (deep.idle_pj - base.idle_pj) / kExtraWords;
        logic.row_area_per_sum_bit_um2 = std::max((base.area - narrow.area) / kExtraBits, 0.0);
        logic.row_mac_energy_per_sum_bit_pj = std::max((base.busy_pj - narrow.busy_pj) / kExtraBits, 0.0);
        const YosysResult pick = mapWrapped("pick",
            "module wrapped (input [1031:0] words_i, input [2:0] index_i, output [128:0] word_o);\n"
            "  dna_pick #(.LOG(3), .BITS(129)) u_pick (.words_i(words_i), .index_i(index_i), .word_o(word_o));\nendmodule\n");
        constexpr double kBits = 129 * 7;
        logic.pick_area_per_bit_um2 = areaOf(pick, "dna_pick") / kBits;
        logic.pick_energy_per_bit_pj =
            assumedEnergy(*pick.netlist.find("dna_pick"), prepared_.library, platform_.input_slew_ns, kAssumedActivity).total() / kBits;
    }

    struct LanePoint {
        double area, busy_pj, idle_pj;
    };
    LanePoint lanePoint(int columns) {
        const YosysResult mapped = mapWrapped(fmt::format("lane{}", columns), fmt::format(
            "module wrapped (input clk, input [{0}:0] parameter_write_i, input [{1}:0] bias_i, input [{2}:0] scale_shift_i, input [{3}:0] scale_i, "
            "input activate_i, input [{0}:0] choose_i, input [{4}:0] sum_i, input hold_i, output [31:0] raw_o, input [7:0] zero_i, input [7:0] low_i, "
            "input [7:0] high_i, input residual_i, input [7:0] residual_value_i, input [7:0] zero_b_i, input [15:0] multiplier_a_i, "
            "input [15:0] multiplier_b_i, input [5:0] shift_i, input [7:0] sum_zero_i, input [7:0] sum_low_i, input [7:0] sum_high_i, output [7:0] y_o);\n"
            "  dna_ppu_lane #(.SHARE({5}), .ACC_BITS({6})) u_lane (.clk(clk), .parameter_write_i(parameter_write_i), .bias_i(bias_i), "
            ".scale_shift_i(scale_shift_i), .scale_i(scale_i), .activate_i(activate_i), .choose_i(choose_i), .sum_i(sum_i), .hold_i(hold_i), "
            ".raw_o(raw_o), .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .residual_i(residual_i), .residual_value_i(residual_value_i), "
            ".zero_b_i(zero_b_i), .multiplier_a_i(multiplier_a_i), .multiplier_b_i(multiplier_b_i), .shift_i(shift_i), .sum_zero_i(sum_zero_i), "
            ".sum_low_i(sum_low_i), .sum_high_i(sum_high_i), .y_o(y_o));\nendmodule\n",
            columns - 1, columns * 32 - 1, columns * 6 - 1, columns * 16 - 1, columns * kReferenceAccumulator - 1, columns, kReferenceAccumulator),
            {"dna_ppu_lane", "dna_multiply", "dna_requantize"});
        const LaneEnergy energy = laneEnergy(*mapped.netlist.find("dna_ppu_lane"), prepared_.library, platform_.input_slew_ns);
        return {areaOf(mapped, "dna_ppu_lane"), energy.busy.total(), energy.idle.total()};
    }

    /// A lane of two columns, and what every further one adds.
    void sharedLanes(costmodel::LogicPrices& logic) {
        constexpr int kFewest = 2, kMore = 4;
        const LanePoint shared = lanePoint(kFewest), more = lanePoint(kMore);
        constexpr double kFurther = kMore - kFewest;
        logic.shared_lane_area_um2 = shared.area;
        logic.shared_lane_energy_pj = shared.busy_pj;
        logic.shared_lane_idle_energy_pj = shared.idle_pj;
        logic.shared_lane_area_per_column_um2 = (more.area - shared.area) / kFurther;
        logic.shared_lane_energy_per_column_pj = (more.busy_pj - shared.busy_pj) / kFurther;
        logic.shared_lane_idle_energy_per_column_pj = (more.idle_pj - shared.idle_pj) / kFurther;
    }

    /// What one library module costs in the whole chip.
    struct Share {
        double area_um2 = 0, clock_pj = 0, data_pj = 0, leakage_nw = 0;
        long instances = 0, flip_flops = 0;
    };
    std::map<std::string, Share> shares(const YosysResult& mapped) {
        std::map<std::string, Share> out;
        for (const auto& [name, count] : mapped.netlist.instances()) {
            const NetlistModule& module = mapped.netlist.modules.at(name);
            Share& share = out[module.source_name];
            const LogicEnergy energy = assumedEnergy(module, prepared_.library, platform_.input_slew_ns, kAssumedActivity).scaled(static_cast<double>(count));
            share.clock_pj += energy.clock_pj;
            share.data_pj += energy.switching_pj + energy.internal_pj;
            share.leakage_nw += energy.leakage_nw;
            share.instances += count;
        }
        for (const ModuleArea& module : moduleAreas(mapped.netlist, mapped.areas, prepared_.library))
            if (module.module != "dna_sram_sp") out[module.module].area_um2 = module.own_um2, out[module.module].flip_flops = module.flip_flops;
        return out;
    }

    void chip(costmodel::LogicPrices& logic) {
        design::Design design;
        design::Chunk& chunk = design.chunks.front();
        chunk.rows = chunk.cols = 8;
        chunk.accumulator_bits = kReferenceAccumulator;
        const YosysResult mapped = map(design, "dna_top", "chip");
        std::map<std::string, Share> parts = shares(mapped);
        const Share lane = parts["dna_ppu_lane"], row = parts["dna_lane"], bank = parts["dna_input_buffer"], align = parts["dna_align"];
        const LaneEnergy lane_energy = laneEnergy(*mapped.netlist.find("dna_ppu_lane"), prepared_.library, platform_.input_slew_ns);
        const double byte_lanes = 16.0 * chunk.rows + chunk.cols, stages = std::log2(chunk.rows);
        logic.lane_area_um2 = lane.area_um2 / static_cast<double>(lane.instances);
        logic.lane_energy_pj = lane_energy.busy.total();
        logic.lane_idle_energy_pj = lane_energy.idle.total();
        logic.align_area_per_bit_stage_um2 = align.area_um2 / (128.0 * chunk.rows * stages);
        logic.noc_area_per_byte_um2 = (row.area_um2 + bank.area_um2) / byte_lanes;
        // Data of the delivery at the assumed activity, over the bytes that reach the array in a busy cycle.
        logic.noc_energy_per_word_pj = (row.data_pj + bank.data_pj + align.data_pj) / (chunk.rows + chunk.cols);
        logic.noc_clock_energy_per_byte_pj = (row.clock_pj + bank.clock_pj + align.clock_pj) / byte_lanes;
        double area = 0, leakage_nw = 0;
        Share control;
        for (const auto& [name, share] : parts) {
            area += share.area_um2, leakage_nw += share.leakage_nw;
            if (name == "dna_pe" || name == "dna_ppu_lane" || name == "dna_lane" || name == "dna_input_buffer" || name == "dna_align") continue;
            control.area_um2 += share.area_um2, control.clock_pj += share.clock_pj, control.data_pj += share.data_pj;
        }
        logic.control_area_um2 = control.area_um2;
        logic.control_energy_per_cycle_pj = control.clock_pj + control.data_pj;
        logic.dma_energy_per_word_pj = 0;  // part of control at the assumed activity
        logic.register_area_per_bit_um2 = parts["dna_fifo"].flip_flops > 0 ? parts["dna_fifo"].area_um2 / static_cast<double>(parts["dna_fifo"].flip_flops) : 0;
        logic.leakage_mw_per_mm2 = area > 0 ? leakage_nw / area : 0;  // nW / um2 = mW / mm2
    }

    Platform platform_;
    PreparedPlatform prepared_;
    base::Log& log_;
    const WorkFolder work_{"dna-characterize", std::nullopt};
};

}  // namespace

costmodel::LogicPrices characterizePes(const CharacterizeStage& options, base::Log& log) { return Characterisation(options, log).pes(); }

costmodel::Technology characterize(const CharacterizeStage& options, base::Log& log) { return Characterisation(options, log).run(); }

}  // namespace dna::flows
