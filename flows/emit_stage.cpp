#include <fmt/format.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/mapping/mapping_file.h"
#include "flows/emitted_readme.h"
#include "flows/handover.h"
#include "flows/program_files.h"
#include "flows/stages.h"
#include "flows/staging.h"
#include "rtlgen/chip.h"
#include "verif/simulation.h"

namespace dna::flows {

using base::Json;
namespace fs = std::filesystem;

namespace {

const char* const kMakefile = R"(# Runs the emitted accelerator under Verilator; needs nothing of DNA.
#   make        build and run: every layer's output is compared byte for byte
#   make icarus the first picture in Icarus Verilog (slow; PICTURES=2: both), where unknown values may not leave the chip
#   make vcd    the first picture in Icarus with waveforms in obj/dna.vcd
#   make VECTORS=../../other/vectors run    another network that was compiled for this chip (dna compile)
#   make lint   Verilator, Icarus Verilog and Yosys read every file without a warning
SOURCES := $(shell cat ../files.f)

VECTORS := vectors

run: obj/Vdna_top
	./obj/Vdna_top $(VECTORS) result.json 0 2

obj/Vdna_top: bench.cpp $(addprefix ../,$(SOURCES))
	verilator --cc --exe --build -O3 -Wno-fatal +define+DNA_CHECKS --top-module dna_top \
	  -CFLAGS "-O2 -std=c++17 -DDNA_COUNTERS=@COUNTERS@" --Mdir obj $(addprefix ../,$(SOURCES)) bench.cpp

PICTURES := 1
DRAM := $(shell awk '/^dram/ { print $$2 }' $(VECTORS)/program.txt)
BEAT := $(shell awk '/^beat/ { print $$2 }' $(VECTORS)/program.txt)

obj/bench-$(DRAM).vvp: bench.v $(addprefix ../,$(SOURCES))
	mkdir -p obj
	iverilog -g2005 -s bench -Pbench.DRAM_BYTES=$(DRAM) -Pbench.BYTES=$(BEAT) -o obj/bench-$(DRAM).vvp bench.v $(addprefix ../,$(SOURCES))

icarus: obj/bench-$(DRAM).vvp
	vvp obj/bench-$(DRAM).vvp +pictures=$(PICTURES) +vectors=$(VECTORS) | tee obj/icarus.log
	grep -qx PASS obj/icarus.log

vcd: obj/bench-$(DRAM).vvp
	vvp obj/bench-$(DRAM).vvp +pictures=1 +vectors=$(VECTORS) +vcd=obj/dna.vcd | tee obj/icarus.log
	grep -qx PASS obj/icarus.log

lint:
	cd .. && verilator --lint-only -Wall --top-module dna_top $(SOURCES)
	cd .. && iverilog -g2005 -Wall -t null -s dna_top $(SOURCES)
	cd .. && yosys -q -p "read_verilog $(SOURCES); hierarchy -check -top dna_top; proc; check -assert"

clean:
	rm -rf obj result.json

.PHONY: run icarus vcd lint clean
)";

std::string makefile(bool counters) {
    std::string text = kMakefile;
    const std::string mark = "@COUNTERS@";
    return text.replace(text.find(mark), mark.size(), counters ? "1" : "0");
}

Json manifest(const rtlgen::Chip& chip, const design::Design& design) {
    Json json = base::makeDocument("manifest");
    json["top"] = chip.top;
    json["clock"] = "clk";
    json["reset"] = "rst_n";
    json["design_hash"] = designHash(design);
    json["rows"] = design.chunk().rows;
    json["cols"] = design.chunk().cols;
    json["memories"] = Json::array();
    for (const rtlgen::MemoryUse& m : chip.memories)
        json["memories"].push_back(
            Json{{"instance", m.instance}, {"words", m.words}, {"bits", m.bits}, {"count", m.count}});
    return json;
}

std::vector<MemoryUse> memoriesOf(const rtlgen::Chip& chip) {
    std::vector<MemoryUse> uses;
    for (const rtlgen::MemoryUse& memory : chip.memories) uses.push_back({memory.words, memory.bits, memory.count});
    return uses;
}

void writeBench(const fs::path& folder, const nn::IntegerNetwork& network, const mapping::Program& program,
                bool counters) {
    base::makeFolder(folder);
    base::writeFileAtomic(folder / "bench.cpp", verif::benchSource());
    base::writeFileAtomic(folder / "bench.v", verif::verilogBenchSource());
    base::writeFileAtomic(folder / "Makefile", makefile(counters));
    writeBenchVectors(folder / "vectors", network, program);
}

}  // namespace

Json emitStage(const EmitStage& options, base::Log& log) {
    Staging staging(options.out, "manifest.json");
    const nn::IntegerNetwork network = nn::readIntegerNetwork(options.network_json);
    const MappedNetwork mapped =
        readMapped(options.network_json, options.design_json, options.mapping_json, design::Target{});
    const mapping::Program program = mapping::buildProgram(network, mapped.design, mapped.plans);
    const rtlgen::Chip chip = rtlgen::emitChip(mapped.design, program.descriptors);
    const std::string hash = designHash(mapped.design);

    const fs::path& out = staging.folder();
    base::makeFolder(out / "rtl");
    std::string list;
    for (const std::string& file : chip.order) {
        base::writeFileAtomic(out / file, chip.files.at(file));
        list += file + "\n";
    }
    base::writeFileAtomic(out / "files.f", list);
    base::writeJson(out / "manifest.json", manifest(chip, mapped.design));
    writeProgram(out, network, program);
    writeBench(out / "tb", network, program, mapped.design.counters);
    base::writeFileAtomic(out / "README.md", emittedReadme(mapped.design));
    writeHandover({.folder = out, .sources = chip.order, .top = chip.top, .memories = memoriesOf(chip)});
    staging.commit();
    log.info(fmt::format("emitted {} Verilog files to {}", chip.order.size(), options.out.string()));

    Json json = base::makeDocument("emit");
    json["folder"] = options.out.string();
    json["design_hash"] = hash;
    json["modules"] = chip.order.size();
    json["descriptors"] = program.descriptors.size();
    json["image_bytes"] = program.image.size();
    json["dram_bytes"] = program.dram_bytes;
    return json;
}

}  // namespace dna::flows
