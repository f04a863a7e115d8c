// tools/ground_truth.py on a small part of a small space.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/process.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

base::ProcessResult tool(const std::vector<std::string>& arguments, const fs::path& folder) {
    std::vector<std::string> command{"python3", std::string(DNA_SOURCE_DIR) + "/tools/ground_truth.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), {"--dna", DNA_PROGRAM, "--config", (folder / "config.json").string(), "--out",
                                   (folder / "truth").string()});
    return base::runProcess({.command = command, .timeout_seconds = 100});
}

size_t linesOf(const fs::path& file) {
    const std::string text = base::readFile(file);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("ground truth: a part of the table, one search, the report; what is there is not computed again") {
    if (base::findProgram("python3").empty()) DNA_SKIP("python3 is not installed");
    const TemporaryFolder folder;
    base::Json config = base::Json::parse(base::readFile(std::string(DNA_SOURCE_DIR) + "/examples/micro.json"));
    config["data"] = {{"name", "shapes"}, {"training", 128}, {"test", 64}, {"seed", 1}};
    config["training"]["epochs"] = 1;
    config["search"]["epochs"] = 2;
    config["final_das_evaluations"] = 5;
    base::writeFileAtomic(folder.path / "config.json", config.dump());
    REQUIRE(tool({"table", "--networks", "2"}, folder.path).exit_code == 0);
    const base::ProcessResult more = tool({"table", "--networks", "3", "--jobs", "1"}, folder.path);
    CHECK(more.exit_code == 0);
    CHECK(more.output.find("1 of 1") != std::string::npos);
    CHECK(linesOf(folder.path / "truth/accuracies.jsonl") == 3);
    CHECK(linesOf(folder.path / "truth/costs.jsonl") == 3);
    REQUIRE(tool({"search", "--lambdas", "0.05", "--seeds", "1"}, folder.path).exit_code == 0);
    CHECK(linesOf(folder.path / "truth/searches.jsonl") == 1);
    const base::ProcessResult report = tool({"report"}, folder.path);
    CHECK(report.exit_code == 0);
    CHECK(report.output.find("3 networks") != std::string::npos);
}
