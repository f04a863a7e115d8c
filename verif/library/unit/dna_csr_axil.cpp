// AXI4-Lite slave: random reads and writes of all registers with random delays, against the register map in the
// module's head; what is written has its effect once. The descriptor RAM (RAM) is written while the chip is not busy, its
// address counts on and wraps.
//
// module: dna_csr_axil
// quick: HASH=256'h00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210
// quick: HASH=256'h00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210 RAM=1 ADDR=4
#include "support.h"

namespace {

constexpr uint32_t kHash[] = {0x00112233, 0x44556677, 0x8899aabb, 0xccddeeff,
                              0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210};

constexpr uint32_t kRamWords = 4u << parameter::ADDR;

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.awvalid_i = dut_.wvalid_i = dut_.arvalid_i = dut_.bready_i = dut_.rready_i = 0;
        dut_.busy_i = dut_.done_i = dut_.bus_error_i = dut_.descriptors_done_i = 0;
        bench_.reset(dut_);
    }

    /// Address and data may come one after the other; the answer waits for us.
    void write(uint8_t address, uint32_t data) {
        dut_.busy_i = bench_.random.oneIn(3);
        dut_.awaddr_i = address, dut_.wdata_i = data;
        const bool start = address / 4 == 2 && data % 2 == 1 && !dut_.busy_i;
        const bool address_first = bench_.random.oneIn(2);
        dut_.awvalid_i = address_first, dut_.wvalid_i = !address_first;
        dut_.eval();
        bench_.expect(dut_.awready_o || dut_.wready_o || dut_.ram_write_o, 0, "half a write is taken");
        bench_.clock(dut_);
        dut_.awvalid_i = dut_.wvalid_i = 1;
        dut_.eval();
        bench_.expect(dut_.awready_o && dut_.wready_o, 1, "a write is taken");
        writeRam(address, data);
        bench_.clock(dut_);
        dut_.awvalid_i = dut_.wvalid_i = 0;
        if (address / 4 == 3) base_ = data;
        bench_.expect(dut_.start_o, start, "start_o");
        for (int wait = int(bench_.random.below(4)); wait > 0; --wait) {
            bench_.expect(dut_.bvalid_o, 1, "bvalid_o waits");
            // Nothing else is taken meanwhile.
            dut_.awvalid_i = dut_.wvalid_i = 1;
            dut_.eval();
            bench_.expect(dut_.awready_o, 0, "a write while an answer waits");
            bench_.clock(dut_);
            dut_.awvalid_i = dut_.wvalid_i = 0;
            bench_.expect(dut_.start_o, 0, "start_o lasts one cycle");
        }
        dut_.bready_i = 1;
        dut_.eval();
        bench_.expect(dut_.bvalid_o, 1, "bvalid_o");
        bench_.expect(dut_.bresp_o, 0, "bresp_o");
        bench_.clock(dut_);
        dut_.bready_i = 0;
        bench_.expect(dut_.bvalid_o, 0, "bvalid_o after the answer");
        bench_.expect(dut_.descriptor_base_o, base_, "descriptor_base_o");
    }

    void read(uint8_t address) {
        dut_.busy_i = bench_.random.oneIn(2), dut_.done_i = bench_.random.oneIn(2), dut_.bus_error_i = bench_.random.oneIn(2);
        dut_.descriptors_done_i = uint16_t(bench_.random.next()), dut_.counter_i = uint32_t(bench_.random.next());
        dut_.araddr_i = address, dut_.arvalid_i = 1;
        dut_.eval();
        bench_.expect(dut_.arready_o, 1, "a read is taken");
        if (address >= 0x40 && address < 0x80)
            bench_.expect(dut_.counter_index_o, (address - 0x40u) / 4, "counter_index_o");
        const uint32_t wanted = value(address);
        bench_.clock(dut_);
        dut_.arvalid_i = 0;
        dut_.counter_i = ~dut_.counter_i, dut_.busy_i = !dut_.busy_i;  // the answer is that of its moment
        for (int wait = int(bench_.random.below(4)); wait > 0; --wait) {
            dut_.arvalid_i = 1;
            dut_.eval();
            bench_.expect(dut_.arready_o, 0, "a read while an answer waits");
            bench_.clock(dut_);
            dut_.arvalid_i = 0;
        }
        dut_.rready_i = 1;
        dut_.eval();
        bench_.expect(dut_.rvalid_o, 1, "rvalid_o");
        bench_.expect(dut_.rdata_o, wanted, "rdata_o");
        bench_.expect(dut_.rresp_o, 0, "rresp_o");
        bench_.clock(dut_);
        dut_.rready_i = 0;
        bench_.expect(dut_.rvalid_o, 0, "rvalid_o after the answer");
    }

private:
    void writeRam(uint8_t address, uint32_t data) {
        const bool writable = parameter::RAM != 0 && !dut_.busy_i, written = writable && address / 4 == 6;
        bench_.expect(dut_.ram_write_o, written, "ram_write_o");
        if (written) bench_.expect(dut_.ram_addr_o, ram_addr_, "ram_addr_o");
        if (written) bench_.expect(dut_.ram_data_o, data, "ram_data_o");
        if (writable && address / 4 == 5) ram_addr_ = data / 4 % kRamWords;
        if (written) ram_addr_ = (ram_addr_ + 1) % kRamWords;
    }

    uint32_t value(uint8_t address) const {
        if (address >= 0x40) return dut_.counter_i;
        if (address >= 0x20) return kHash[(address - 0x20) / 4];
        switch (address / 4) {
            case 0:
                return 0x444e4131;  // "DNA1"
            case 1:
                return uint32_t(dut_.busy_i) | uint32_t(dut_.done_i) << 1 | uint32_t(dut_.bus_error_i) << 2;
            case 3:
                return base_;
            case 4:
                return dut_.descriptors_done_i;
            case 5:
                return 4 * ram_addr_;
            default:
                return 0;
        }
    }

    unit::Bench& bench_;
    Vdut dut_;
    uint32_t base_ = 0;
    uint32_t ram_addr_ = 0;  ///< in words of 32 bits
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int accesses = bench.full ? 300000 : 20000;
    for (int i = 0; i < accesses; ++i) {
        const uint8_t address = uint8_t(4 * bench.random.below(32));
        if (bench.random.oneIn(2))
            run.read(address);
        else
            run.write(address % 0x20, uint32_t(bench.random.next()));
    }
    return bench.finish();
}
