#include <fmt/format.h>

#include "flows/emitted_folder.h"
#include "flows/program_files.h"
#include "flows/stages.h"
#include "flows/staging.h"

namespace dna::flows {

base::Json compileStage(const CompileStage& options, base::Log& log) {
    Staging staging(options.out, "program/image.bin");
    const EmittedFolder chip = findEmitted(options.chip);
    const nn::IntegerNetwork network = nn::readIntegerNetwork(options.network_json);
    const MappedNetwork mapped =
        readMapped(options.network_json, chip.folder / "design.json", options.mapping_json, design::Target{});
    const mapping::Program program = mapping::buildProgram(network, mapped.design, mapped.plans);
    checkRom(program, options.network_json, chip.folder);
    writeProgram(staging.folder(), network, program);
    writeBenchVectors(staging.folder() / "vectors", network, program);
    staging.commit();
    log.info(fmt::format("compiled {} for the chip in {}", network.graph.name, chip.folder.string()));

    base::Json json = base::makeDocument("compile");
    json["folder"] = options.out.string();
    json["design_hash"] = designHash(mapped.design);
    json["descriptors"] = program.descriptors.size();
    json["image_bytes"] = program.image.size();
    json["dram_bytes"] = program.dram_bytes;
    return json;
}

}  // namespace dna::flows
