// Test bench of an emitted accelerator: loads the DRAM image, runs pictures, compares every layer's output with the
// expected bytes, counts cycles and events. Needs Verilator only. The memory is the normative one (one read request a
// cycle, fixed latencies, data in order and back to back); with --stall it delays every channel at random.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "Vdna_top.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif
#if DNA_COUNTERS == 1
#include "Vdna_top___024root.h"
#elif DNA_COUNTERS == 2  // the bench is compiled once for many designs: the model brings this function
const uint32_t* dnaCounters(const Vdna_top& top);
#endif

namespace {

constexpr int kCounters = 19;  // of dna_perf

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "bench: %s\n", message.c_str());
    std::exit(3);
}

std::vector<uint8_t> readFile(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) fail("can't read " + name);
    return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

struct Layer {
    std::string name;
    int descriptors = 1;
    uint32_t address = 0, bytes = 0;
    uint32_t sums_address = 0, sums_bytes = 0;  ///< map of partial sums
};

/// program.txt: what stands where.
struct Program {
    uint32_t beat_bytes = 16;
    uint32_t dram_bytes = 0, input_address = 0, input_bytes = 0;
    uint32_t descriptor_base = 0;  ///< address of the first descriptor, in DRAM or in the chip's memory of descriptors
    int read_latency = 40, write_latency = 20;
    int64_t patience = 4000000;  ///< cycles without a beat before the run is given up
    std::vector<Layer> layers;
};

Program readProgram(const std::string& name) {
    std::ifstream file(name);
    if (!file) fail("can't read " + name);
    Program program;
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "dram") words >> program.dram_bytes;
        if (key == "beat") words >> program.beat_bytes;
        if (key == "descriptor_base") words >> program.descriptor_base;
        if (key == "input") words >> program.input_address >> program.input_bytes;
        if (key == "latency") words >> program.read_latency >> program.write_latency;
        if (key == "patience") words >> program.patience;
        if (key == "layer") {
            Layer layer;
            words >> layer.name >> layer.descriptors >> layer.address >> layer.bytes;
            program.layers.push_back(layer);
        }
        if (key == "sums") words >> program.layers.back().sums_address >> program.layers.back().sums_bytes;
    }
    return program;
}

/// Small deterministic generator (xorshift) for stalls.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 2654435769u + 88172645463325252ull) {}
    uint32_t below(uint32_t bound) {
        state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
        return uint32_t(state_ >> 33) % bound;
    }

private:
    uint64_t state_;
};

struct ReadBurst {
    uint32_t address;
    int beats;
    int64_t ready;  ///< first cycle in which its first beat may be offered
};
struct WriteBurst {
    uint32_t address;
    int beats;
};

/// Bytes of a beat: the data port is 4, 8 or 16 bytes wide in the model too.
constexpr uint32_t kBeat = sizeof(Vdna_top::m_axi_rdata);
constexpr int kSlaveError = 2;  ///< SLVERR
constexpr uint8_t kRamAddress = 0x14, kRamData = 0x18;  ///< CSRs of the descriptor RAM

class Bench {
public:
    /// `ram`: what stands in the chip's descriptor RAM; empty where it has none.
    Bench(const Program& program, const std::vector<uint8_t>& image, const std::vector<uint8_t>& ram, uint64_t stall, int64_t error)
        : program_(program), dram_(program.dram_bytes, 0), has_ram_(!ram.empty()), random_(stall), stall_(stall != 0), error_(error) {
        if (program.beat_bytes != kBeat) fail("the vectors are for a data bus of another width");
        if (image.size() > dram_.size()) fail("the image is larger than the DRAM");
        std::memcpy(dram_.data(), image.data(), image.size());
        top_.rst_n = 0;
        for (int i = 0; i < 4; ++i) tick();
        top_.rst_n = 1;
        for (int i = 0; i < 4; ++i) tick();
        writeRam(ram);
        writeCsr(0x0c, program.descriptor_base);
    }

    struct LayerResult {
        int64_t done = 0;
        uint32_t counters[kCounters] = {};
        int64_t mismatches = 0;
        int64_t first = -1;
        int found = 0, expected = 0;
    };

    /// Runs one picture; expected bytes of all layers one behind the other, bits that count are set in `care`.
    std::vector<LayerResult> run(const uint8_t* input, const uint8_t* expected, const uint8_t* care) {
        std::memcpy(dram_.data() + program_.input_address, input, program_.input_bytes);
        layer_ = 0;
        beats_read_ = bursts_written_ = 0;
        writeCsr(0x08, 1);
        const int64_t start = start_cycle_;
        if (has_ram_) disturbRam();
        std::vector<LayerResult> results;
        size_t at = 0;
        uint32_t descriptors = 0;
        for (const Layer& layer : program_.layers) {
            layer_ = int(results.size());
            descriptors += uint32_t(layer.descriptors);
            for (int d = 0; d < layer.descriptors; ++d) {
                while (done_seen_ == 0) progress(layer, start);
                --done_seen_;
            }
            LayerResult result;
            result.done = done_cycle_ - start;
            tick();  // dna_perf registers its events
            readCounters(result.counters);
            for (uint32_t i = 0; i < layer.bytes; ++i) {
                if (((dram_[layer.address + i] ^ expected[at + i]) & care[at + i]) == 0) continue;
                if (result.mismatches++ == 0)
                    result.first = i, result.found = dram_[layer.address + i], result.expected = expected[at + i];
            }
            at += layer.bytes;
            results.push_back(result);
        }
        while (!top_.done_o) progress(program_.layers.back(), start);
        expectCsr(0x04, error_ != 0 ? 6 : 2, "status");
        expectCsr(0x10, descriptors, "the number of descriptors done");
        error_ = 0;
        return results;
    }

private:
    void expectCsr(uint8_t address, uint32_t wanted, const std::string& what) {
        const uint32_t found = readCsr(address);
        if (found != wanted) fail("CSR: " + what + " is " + std::to_string(found) + ", expected " + std::to_string(wanted));
    }

    void progress(const Layer& layer, int64_t start) {
        tick();
        if (cycle_ - std::max(start, last_beat_) > program_.patience)
            fail("no progress: layer " + layer.name + " not done and no beat on the bus for " +
                 std::to_string(program_.patience) + " cycles");
    }

    void readCounters(uint32_t* counters) {
#if DNA_COUNTERS == 1
        const auto& words =
            top_.rootp->dna_top__DOT__u_chunk0__DOT__u_chunk__DOT__gen_counters__DOT__u_perf__DOT__count_q;
        for (int i = 0; i < kCounters; ++i) counters[i] = words[i];
#elif DNA_COUNTERS == 2
        std::memcpy(counters, dnaCounters(top_), kCounters * sizeof(uint32_t));
#else
        (void)counters;
#endif
    }

    /// Four writes make a word of 128 bits; the address counts on by itself.
    void writeRam(const std::vector<uint8_t>& ram) {
        if (!has_ram_) return;
        writeCsr(kRamAddress, 0);
        for (size_t at = 0; at < ram.size(); at += 4) {
            uint32_t word = 0;
            std::memcpy(&word, ram.data() + at, 4);
            writeCsr(kRamData, word);
        }
    }

    /// Writes while the chip is busy have no effect: results and cycles are those of a run without them.
    void disturbRam() {
        writeCsr(kRamAddress, 0);
        writeCsr(kRamData, 0xffffffffu);
        writeCsr(kRamData, 0xffffffffu);
    }

    void writeCsr(uint8_t address, uint32_t value) {
        top_.s_axil_awvalid = top_.s_axil_wvalid = 1;
        top_.s_axil_awaddr = address;
        top_.s_axil_wdata = value;
        top_.s_axil_bready = 1;
        tick();
        start_cycle_ = cycle_;
        top_.s_axil_awvalid = top_.s_axil_wvalid = 0;
        tick();
        tick();
    }

    uint32_t readCsr(uint8_t address) {
        top_.s_axil_arvalid = top_.s_axil_rready = 1;
        top_.s_axil_araddr = address;
        tick();
        top_.s_axil_arvalid = 0;
        if (!top_.s_axil_rvalid) fail("CSR: no answer to a read");
        const uint32_t value = top_.s_axil_rdata;
        tick();
        return value;
    }

    /// One clock: what the accelerator shows before the edge meets what the memory showed, then both move on.
    void tick() {
        top_.clk = 0;
        top_.eval();
        sample();
        top_.clk = 1;
        top_.eval();
        drive();
        top_.eval();
        ++cycle_;
    }

    void sample() {
        if (!top_.rst_n) return;
        checkStable();
        if (top_.m_axi_arvalid && top_.m_axi_arready) acceptRead();
        if (top_.m_axi_rvalid && top_.m_axi_rready) {
            ReadBurst& burst = reads_.front();
            burst.address += kBeat;
            last_beat_ = cycle_;
            ++beats_read_;
            if (--burst.beats == 0) reads_.pop_front();
        }
        if (top_.m_axi_awvalid && top_.m_axi_awready) acceptWrite();
        if (top_.m_axi_wvalid && top_.m_axi_wready) writeBeat();
        if (top_.m_axi_bvalid && top_.m_axi_bready) responses_.pop_front(), ++bursts_written_;
        if (top_.layer_done_o) ++done_seen_, done_cycle_ = cycle_;
    }

    void checkStable() {
        if (ar_waiting_ && (!top_.m_axi_arvalid || top_.m_axi_araddr != ar_address_))
            fail("AXI: AR changed while waiting");
        if (aw_waiting_ && (!top_.m_axi_awvalid || top_.m_axi_awaddr != aw_address_))
            fail("AXI: AW changed while waiting");
        if (w_waiting_ && !top_.m_axi_wvalid) fail("AXI: W dropped while waiting");
        ar_waiting_ = top_.m_axi_arvalid && !top_.m_axi_arready;
        aw_waiting_ = top_.m_axi_awvalid && !top_.m_axi_awready;
        w_waiting_ = top_.m_axi_wvalid && !top_.m_axi_wready;
        ar_address_ = top_.m_axi_araddr;
        aw_address_ = top_.m_axi_awaddr;
    }

    void checkBurst(uint32_t address, int beats) {
        if (address % kBeat != 0) fail("AXI: address is not a multiple of a beat");
        if (address / 4096 != (address + uint32_t(beats) * kBeat - 1) / 4096) fail("AXI: burst crosses 4 KiB");
        if (address + uint32_t(beats) * kBeat > dram_.size()) fail("AXI: burst beyond the memory");
    }

    void acceptRead() {
        const int beats = top_.m_axi_arlen + 1;
        checkBurst(top_.m_axi_araddr, beats);
        int64_t delay = program_.read_latency;
        if (stall_) delay += random_.below(30);
        reads_.push_back({top_.m_axi_araddr, beats, cycle_ + delay});
    }

    void acceptWrite() {
        const int beats = top_.m_axi_awlen + 1;
        checkBurst(top_.m_axi_awaddr, beats);
        const Layer& layer = program_.layers[size_t(layer_)];
        const uint32_t end = top_.m_axi_awaddr + uint32_t(beats) * kBeat;
        const auto inside = [&](uint32_t address, uint32_t bytes) {
            return top_.m_axi_awaddr >= address && end <= address + bytes;
        };
        if (!inside(layer.address, layer.bytes) && !inside(layer.sums_address, layer.sums_bytes))
            fail("layer " + layer.name + " writes outside its map, at " + std::to_string(top_.m_axi_awaddr));
        writes_.push_back({top_.m_axi_awaddr, beats});
    }

    void writeBeat() {
        if (writes_.empty()) fail("AXI: data before their address");
        WriteBurst& burst = writes_.front();
        uint8_t data[kBeat];
        std::memcpy(data, &top_.m_axi_wdata, kBeat);
        for (uint32_t i = 0; i < kBeat; ++i)
            if (top_.m_axi_wstrb >> i & 1) dram_[burst.address + i] = data[i];
        burst.address += kBeat;
        last_beat_ = cycle_;
        const bool last = --burst.beats == 0;
        if (last != bool(top_.m_axi_wlast)) fail("AXI: WLAST is wrong");
        if (!last) return;
        writes_.pop_front();
        responses_.push_back(cycle_ + program_.write_latency + (stall_ ? random_.below(30) : 0));
    }

    /// Values for the next cycle, cycle_ + 1.
    void drive() {
        const int64_t next = cycle_ + 1;
        const bool offered =
            top_.m_axi_rvalid && !reads_.empty() && held_ == &reads_.front() && held_address_ == reads_.front().address;
        const bool ready =
            !reads_.empty() && reads_.front().ready <= next && (!stall_ || offered || random_.below(4) != 0);
        top_.m_axi_rvalid = ready;
        if (ready) {
            const ReadBurst& burst = reads_.front();
            held_ = &burst;
            held_address_ = burst.address;
            std::memcpy(&top_.m_axi_rdata, dram_.data() + burst.address, kBeat);
            top_.m_axi_rlast = burst.beats == 1;
            top_.m_axi_rresp = error_ == beats_read_ + 1 ? kSlaveError : 0;
        }
        top_.m_axi_arready = !stall_ || random_.below(3) != 0;
        top_.m_axi_awready = !stall_ || random_.below(3) != 0;
        top_.m_axi_wready = !stall_ || random_.below(3) != 0;
        top_.m_axi_bvalid = !responses_.empty() && responses_.front() <= next;
        top_.m_axi_bresp = -error_ == bursts_written_ + 1 ? kSlaveError : 0;
    }

    Program program_;
    std::vector<uint8_t> dram_;
    bool has_ram_;
    Random random_;
    bool stall_;
    int64_t error_;
    int64_t beats_read_ = 0, bursts_written_ = 0;  ///< of the picture
    Vdna_top top_;
    int64_t cycle_ = 0, start_cycle_ = 0, done_cycle_ = 0, last_beat_ = 0;
    int done_seen_ = 0, layer_ = 0;
    std::deque<ReadBurst> reads_;
    std::deque<WriteBurst> writes_;
    std::deque<int64_t> responses_;
    const ReadBurst* held_ = nullptr;
    uint32_t held_address_ = 0;
    bool ar_waiting_ = false, aw_waiting_ = false, w_waiting_ = false;
    uint32_t ar_address_ = 0, aw_address_ = 0;
};

void print(std::FILE* out, const Program& program, int image, bool stalled,
           const std::vector<Bench::LayerResult>& layers, bool first) {
    std::fprintf(out, "%s\n{\"image\": %d, \"stalled\": %s, \"layers\": [", first ? "" : ",", image,
                 stalled ? "true" : "false");
    for (size_t i = 0; i < layers.size(); ++i) {
        const auto& r = layers[i];
        std::fprintf(out,
                     "%s\n {\"name\": \"%s\", \"done\": %lld, \"mismatches\": %lld, \"first\": %lld, \"found\": %d, "
                     "\"expected\": %d, \"counters\": [",
                     i ? "," : "", program.layers[i].name.c_str(), (long long)r.done, (long long)r.mismatches,
                     (long long)r.first, r.found, r.expected);
        for (int c = 0; c < kCounters; ++c) std::fprintf(out, "%s%u", c ? ", " : "", r.counters[c]);
        std::fprintf(out, "]}");
    }
    std::fprintf(out, "]}");
}

}  // namespace

// bench FOLDER RESULT FIRST COUNT [STALL_SEED [BUS_ERROR]]: FOLDER holds image.bin, descriptors.bin, program.txt, care.bin,
// inputs.bin, expected.bin. BUS_ERROR n: the first picture's nth read beat is answered SLVERR, -n: its nth written
// burst; the status register has to tell, for that picture only.
int main(int argc, char** argv) {
    if (argc < 5) fail("usage: bench FOLDER RESULT.json FIRST COUNT [STALL_SEED [BUS_ERROR]]");
    const std::string folder = argv[1];
    const int begin = std::atoi(argv[3]), count = std::atoi(argv[4]);
    const uint64_t stall = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 0;
    const int64_t error = argc > 6 ? std::strtoll(argv[6], nullptr, 10) : 0;
    const Program program = readProgram(folder + "/program.txt");
    const std::vector<uint8_t> care = readFile(folder + "/care.bin");
    const std::vector<uint8_t> inputs = readFile(folder + "/inputs.bin"), expected = readFile(folder + "/expected.bin");
    if (inputs.size() < size_t(begin + count) * program.input_bytes ||
        expected.size() < size_t(begin + count) * care.size())
        fail("inputs.bin or expected.bin hold fewer pictures than asked for");
    std::FILE* out = std::fopen(argv[2], "w");
    if (out == nullptr) fail(std::string("can't write ") + argv[2]);
    Bench bench(program, readFile(folder + "/image.bin"), readFile(folder + "/descriptors.bin"), stall, error);
    std::fprintf(out, "[");
    int64_t mismatches = 0;
    for (int i = begin; i < begin + count; ++i) {
        const auto layers = bench.run(inputs.data() + size_t(i) * program.input_bytes,
                                      expected.data() + size_t(i) * care.size(), care.data());
        for (const auto& layer : layers) mismatches += layer.mismatches;
        print(out, program, i, stall != 0, layers, i == begin);
    }
    std::fprintf(out, "\n]\n");
    if (std::fclose(out) != 0) fail(std::string("can't write ") + argv[2]);
#if VM_COVERAGE
    Verilated::threadContextp()->coveragep()->write((folder + "/coverage.dat").c_str());
#endif
    std::printf("%d pictures, %lld mismatches\n", count, (long long)mismatches);
    return mismatches == 0 ? 0 : 1;
}
