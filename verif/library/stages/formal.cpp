// V8: properties of verif/library/formal, put into their modules and proven with yosys-smtbmc and z3: the states that
// reset leads to are checked for some steps, induction carries the properties on for ever. Every set of properties is
// shown broken variants of its module, which must be refuted by a trace from reset.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/library/harness.h"
#include "verif/library/stage.h"
#include "verif/library/workers.h"
#include "verif/scratch_files.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// One run: the proof itself (`variant` empty), or one broken variant.
struct Proof {
    Harness harness;
    std::string variant;
};

/// What one solver run says, with the CPU time of everything behind it.
struct Outcome {
    bool passed = false, refuted = false;
    std::string output;
    double seconds = 0;
};

class Prover {
public:
    Prover(const Proof& proof, const Library& library, fs::path folder)
        : proof_(proof), folder_(std::move(folder)), top_(proof.harness.value("module")) {
        fs::remove_all(folder_);
        base::makeFolder(folder_);
        Library changed = proof.variant.empty() ? library : broken(library, proof.variant);
        for (const std::string& change : proof.harness.values("free")) changed = broken(changed, change);
        writeModel(changed);
    }

    Check run() {
        const std::string& depth = proof_.harness.value(proof_.variant.empty() ? "base" : "refute");
        const Outcome base = solve({"-t", depth});
        return proof_.variant.empty() ? proven(base, depth) : refuted(base, depth);
    }

private:
    void writeModel(const Library& library) {
        std::string others;
        for (const std::string& module : modulesBelow(library, top_)) {
            std::string text = library.at("rtl/" + module + ".v");
            if (module == top_)
                text.insert(text.rfind("endmodule"), proof_.harness.text);
            else
                others += " " + module + ".v";
            writeScratch(folder_ / (module + ".v"), text);
        }
        std::string set;
        for (const auto& [name, value] : settings(proof_.harness.value("setting")))
            set += fmt::format("chparam -set {} {} {}\n", name, value, top_);
        writeScratch(folder_ / "model.ys",
                     (others.empty() ? "" : "read_verilog" + others + "\n") +
                         fmt::format("read_verilog -sv -formal {0}.v\n{1}prep -flatten -top {0}\nasync2sync\ndffunmap\n"
                                     "write_smt2 -wires model.smt2\n",
                                     top_, set));
        seconds_ = base::runTool({.command = {"yosys", "-q", "-s", "model.ys"}, .folder = folder_}).cpu_seconds;
    }

    Outcome solve(std::vector<std::string> arguments) {
        std::vector<std::string> command{"yosys-smtbmc", "--noprogress", "--unroll", "-s", "z3"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        command.push_back("model.smt2");
        const base::ProcessResult run =
            base::runProcess({.command = command, .folder = folder_, .timeout_seconds = 1800});
        if (run.interrupted) throw base::Interrupted("a proof was interrupted");
        seconds_ += run.cpu_seconds;
        const bool passed = run.output.find("Status: PASSED") != std::string::npos;
        const bool refuted = run.output.find("Assert failed") != std::string::npos;
        return {.passed = run.ok() && passed, .refuted = refuted, .output = run.output, .seconds = run.cpu_seconds};
    }

    Check proven(const Outcome& base, const std::string& depth) {
        const std::string& induction = proof_.harness.value("induction");
        Check check{.name = proof_.harness.name + " proven", .checks = 1};
        const Outcome step = solve({"-i", "-t", induction});
        check.failed = base.passed && step.passed ? 0 : 1;
        check.note = check.failed ? reason(base.passed ? step : base)
                                  : fmt::format("{} steps from reset, induction over {}", depth, induction);
        check.seconds = seconds_;
        return check;
    }

    Check refuted(const Outcome& base, const std::string& depth) {
        Check check{.name = proof_.harness.name + " refutes", .checks = 1};
        check.failed = base.refuted ? 0 : 1;
        const std::string change = proof_.variant.substr(proof_.variant.find('`'));
        check.note = check.failed ? fmt::format("holds for {} steps although {}", depth, change) : change;
        check.seconds = seconds_;
        return check;
    }

    static std::string reason(const Outcome& outcome) {
        const size_t place = outcome.output.find("Assert failed");
        if (place == std::string::npos) return base::lastLines(outcome.output, 1);
        return outcome.output.substr(place, outcome.output.find('\n', place) - place);
    }

    const Proof& proof_;
    fs::path folder_;
    std::string top_;
    double seconds_ = 0;
};

/// A changed library (--library) may not hold the text that a variant replaces: then the variant has shown nothing.
Check prove(const Proof& proof, const Library& library, const fs::path& folder) {
    try {
        return Prover(proof, library, folder).run();
    } catch (const base::InternalError& error) {
        return {.name = proof.harness.name, .checks = 1, .failed = 1, .note = error.what()};
    } catch (const base::ToolError& error) {
        return {.name = proof.harness.name, .checks = 1, .failed = 1, .note = error.what()};
    }
}

void formal(StageContext& context) {
    std::vector<Proof> proofs;
    for (const Harness& harness : harnesses("formal")) {
        proofs.push_back({harness, ""});
        const std::vector<std::string> variants = harness.values("broken");
        // One variant shows that the properties can fail; --full shows all.
        for (size_t i = 0; i < variants.size() && (context.options.full || i == 0); ++i)
            proofs.push_back({harness, variants[i]});
    }
    forEach(int(proofs.size()), context.options.threads, [&](int i) {
        context.report(prove(proofs[size_t(i)], context.options.files, context.work / std::to_string(i)));
    });
}

}  // namespace

void register_formal(StageRegistry& stages) {
    stages.add({"formal", 8, "proofs of FIFO, tokens, tile loops, AXI rules and bursts", {"yosys", "z3"}, formal});
}

}  // namespace dna::verif
